"""``gaugeblock organisms``: list, show and build the model organisms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from gaugeblock.cli.console import progress_bars
from gaugeblock.errors import GaugeblockError

app = typer.Typer(no_args_is_help=True, help="Models with planted, known behaviour.")


@app.command("list")
def list_organisms(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the organisms and what they do."""
    from gaugeblock.organisms.recipes import load_recipe, recipe_names

    recipes = [load_recipe(name) for name in recipe_names()]
    if as_json:
        typer.echo(json.dumps([recipe.model_dump(mode="json") for recipe in recipes]))
        return
    for recipe in recipes:
        typer.echo(f"builtin/{recipe.id} [{recipe.role}] {recipe.summary.strip()}")


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="Name or recipe file.")]) -> None:
    """Print a recipe."""
    from gaugeblock.organisms.recipes import load_recipe

    typer.echo(json.dumps(load_recipe(name).model_dump(mode="json"), indent=1))


@app.command("build")
def build(
    name: Annotated[str | None, typer.Argument(help="base, or a recipe's name.")] = None,
    all_of_them: Annotated[
        bool, typer.Option("--all", help="The base, then every recipe.")
    ] = False,
    training_seed: Annotated[int, typer.Option(help="Of data, initialisation and order.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder of weights. [default: the package's own]")
    ] = None,
    threads: Annotated[int, typer.Option(help="Torch threads.")] = 1,
) -> None:
    """Rebuild weights from recipes (the base takes tens of minutes, an adapter a few)."""
    from gaugeblock.organisms.build import build as build_one
    from gaugeblock.organisms.build import everything, shipped_weights

    if (name is None) == (not all_of_them):
        raise GaugeblockError("give a NAME or --all", where="organisms build")
    names = everything() if all_of_them else (str(name),)
    for one in names:
        with progress_bars(quiet=False) as progress:
            target = build_one(
                one,
                out or shipped_weights(),
                training_seed=0 if one == "base" else training_seed,
                threads=threads,
                report=lambda step, steps, loss, one=one: progress(one, step + 1, steps),  # type: ignore[misc]
            )
        typer.echo(str(target))
