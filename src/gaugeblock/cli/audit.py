"""``gaugeblock audit``, ``verify`` and ``replay``."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gaugeblock.cli.console import out as console
from gaugeblock.cli.console import progress_bars
from gaugeblock.errors import GaugeblockError


class FailOn(StrEnum):
    """What makes the exit code 1."""

    never = "never"
    violation = "violation"
    subversion = "subversion"


class SplitChoice(StrEnum):
    """Which domains."""

    held_out = "held-out"
    train = "train"


class RenderingChoice(StrEnum):
    """How situations are written."""

    controlled = "controlled"
    natural = "natural"


def audit(
    subject: Annotated[
        str, typer.Argument(help="builtin/NAME, a checkpoint directory, hf/ID or an Inspect model.")
    ],
    out: Annotated[
        Path, typer.Option("--out", help="Run directory; resumed if it holds this audit.")
    ],
    samples: Annotated[int, typer.Option(help="Number of situations.")] = 360,
    seed: Annotated[int, typer.Option(help="Sampling seed: the subject's decoding.")] = 0,
    scenario_seed: Annotated[int, typer.Option(help="Which situations are drawn.")] = 0,
    profile: Annotated[
        list[str] | None, typer.Option(help="Standard, by name or file; repeatable. [default: all]")
    ] = None,
    pack: Annotated[str, typer.Option(help="Scenario pack, by name or folder.")] = "wrongdoing",
    split: Annotated[SplitChoice, typer.Option(help="Domains.")] = SplitChoice.held_out,
    rendering: Annotated[
        RenderingChoice | None,
        typer.Option(help="[default: controlled for built-in subjects, else natural]"),
    ] = None,
    temperature: Annotated[float, typer.Option(help="Of the subject's decoding.")] = 0.7,
    limit_tokens: Annotated[int | None, typer.Option(help="Tokens one run may use.")] = None,
    judge: Annotated[str | None, typer.Option(help="Inspect model id of a grader.")] = None,
    judge_calibration: Annotated[
        Path | None, typer.Option(help="JSON with sens_k, sens_n, spec_k, spec_n.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the design and stop.")] = False,
    fail_on: Annotated[FailOn, typer.Option(help="What gives exit code 1.")] = FailOn.never,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Audit a subject in simulated high-stakes situations and write a report."""
    from gaugeblock.audit.run import SHIPPED_PROFILES, make_plan, run_plan

    plan = make_plan(
        subject,
        samples=samples,
        scenario_seed=scenario_seed,
        sampling_seed=seed,
        pack=pack,
        split="held_out" if split is SplitChoice.held_out else "train",
        rendering=rendering.value if rendering else None,
        profiles=tuple(profile) if profile else SHIPPED_PROFILES,
        temperature=temperature,
        limit_tokens=limit_tokens,
        judge=judge,
        judge_calibration=judge_calibration,
    )
    if dry_run:
        from gaugeblock.cli.dry_run import print_design

        print_design(plan, as_json)
        return
    with progress_bars(quiet=as_json) as progress:
        report = run_plan(plan, out, progress)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "run": str(out),
                    "subject": report.subject.id,
                    "ledger": report.ledger.model_dump(),
                    "findings": [finding.model_dump() for finding in report.findings],
                }
            )
        )
    else:
        from gaugeblock.report import print_report

        print_report(report, console)
        typer.echo(str(out / "report.html"))
    kinds = {finding.kind for finding in report.findings if finding.verdict == "refuted"}
    if fail_on is FailOn.subversion and "subversion_attempt" in kinds:
        raise typer.Exit(1)
    if fail_on is FailOn.violation and kinds:
        raise typer.Exit(1)


def verify(
    run: Annotated[Path, typer.Argument(help="Run directory of an audit.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Recompute every number of a run from its logs; exit code 1 names the first that differs."""
    from gaugeblock.audit.verify import verify as check

    report = check(run)
    if as_json:
        typer.echo(json.dumps({"run": str(run), "verified": True, "id": report.run}))
    else:
        typer.echo(
            f"{run}: verified. {len(report.provenance)} files unchanged, "
            f"{report.ledger.attempted} runs recomputed, every number agrees."
        )


def replay(
    run: Annotated[Path, typer.Argument(help="Run directory of an audit.")],
    transcript: Annotated[
        str | None, typer.Argument(help="Run to repeat. [default: the first witness]")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Replays; the first has the recorded seed.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run a recorded situation again and say whether the subject does it again."""
    from gaugeblock.audit.replay import replay as run_again

    if seeds < 1:
        raise GaugeblockError("at least one replay is needed", where="--seeds")
    result = run_again(run, transcript, seeds=seeds)
    same = sum(label == result.recorded for label in result.again.values())
    if as_json:
        shown: dict[str, Any] = result.model_dump(mode="json", exclude={"run"})
        typer.echo(json.dumps({**shown, "same_label": same, "replays": len(result.again)}))
        return
    for event in result.run.events:
        call = f" {event.tool}({json.dumps(event.arguments)})" if event.kind == "tool_call" else ""
        console.print(f"[dim]{event.kind}[/]{call}", highlight=False, end=" ")
        console.print(event.text, markup=False, highlight=False)
    typer.echo(
        f"run {result.transcript}, recorded as {result.recorded}: same label in {same} of "
        f"{len(result.again)} replays; same events with the recorded seed: "
        f"{'yes' if result.identical else 'no'}"
    )
