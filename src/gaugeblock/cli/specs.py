"""``gaugeblock specs``: list the standards, show one, run its examples."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gaugeblock.specs import load_profile, profile_names

app = typer.Typer(no_args_is_help=True, help="The standards that runs are read under.")


@app.command("list")
def list_profiles() -> None:
    """List the shipped standards."""
    for name in profile_names():
        profile = load_profile(name)
        typer.echo(f"{name}: {profile.summary.strip()}")


@app.command("check")
def check(
    profile: Annotated[str, typer.Argument(help="Shipped name or YAML file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read a standard and run its clauses' examples as tests; exit code 1 if any fails."""
    from gaugeblock.audit.examples import check_profile

    results = check_profile(load_profile(profile))
    failed = [result for result in results if not result.passed]
    if as_json:
        typer.echo(json.dumps([result.model_dump() for result in results]))
    else:
        for result in results:
            typer.echo(
                f"{'ok  ' if result.passed else 'FAIL'} {result.clause} [{result.kind}] "
                f"{result.why} -> {result.label}, {result.reading}"
            )
        typer.echo(f"{len(results) - len(failed)} of {len(results)} examples read as they should")
    if failed:
        raise typer.Exit(1)
