"""``gaugeblock pressure grid``: cells by seeds, run, told and verified."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaugeblock.errors import GaugeblockError

if TYPE_CHECKING:
    from gaugeblock.pressure.grids.result import GridResult


def grid(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="YAML of a grid; the shipped one if not given."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Directory of the runs; what is there is kept.")
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(help="YAML of what it is to answer; FILE-questions.yaml if not given."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Four cells of three seeds of the shipped grid.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Runs at a time, each a process with one thread.")
    ] = 2,
    engine: Annotated[str, typer.Option(help="local or ray.")] = "local",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Make again what failed before.")
    ] = False,
    verify: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Run nothing: recompute DIR/grid.json from its runs."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run a grid of pressures and say what it answers; the same command again goes on.

    Exit code 1 if a run failed, or if a number is not what the runs give.
    """
    from gaugeblock.pressure.grids.results import verify_grid

    if verify is not None:
        if file or out or quick:
            raise GaugeblockError("nothing is run to verify", where="--verify", remedy="Give DIR")
        found = verify_grid(verify)
        _tell(found, verify, as_json, verified=True)
        return
    if out is None:
        raise GaugeblockError("no directory to write to", where="--out", remedy="Give --out DIR")
    if quick and file is not None:
        raise GaugeblockError(
            "a file and --quick are two grids", where="pressure grid", remedy="Give one of them"
        )
    found = _run(file, out, questions, quick, workers, engine, retry_failed, as_json)
    _tell(found, out, as_json)
    if any(run.state == "failed" for run in found.runs):
        raise typer.Exit(1)


def _run(
    file: Path | None,
    out: Path,
    questions: Path | None,
    quick: bool,
    workers: int,
    engine: str,
    retry_failed: bool,
    quiet: bool,
) -> GridResult:
    from gaugeblock.cli.console import progress_bars
    from gaugeblock.pressure.grids.grid_file import load_plan, shipped_plan
    from gaugeblock.pressure.grids.page.page import PAGE, render_grid
    from gaugeblock.pressure.grids.results import collect, write_grid
    from gaugeblock.pressure.grids.schedule import run_grid
    from gaugeblock.pressure.loop.run import run_cell

    if file is None and questions is not None:
        raise GaugeblockError("the shipped grid has its own questions", where="--questions")
    plan = shipped_plan(quick) if file is None else load_plan(file, questions)
    with progress_bars(quiet) as update:
        run_grid(
            plan,
            out,
            run_cell,
            workers=workers,
            engine=engine,
            retry_failed=retry_failed,
            progress=update,
        )
    found = collect(out)
    write_grid(found, out)
    commands = (
        shlex.join(["gaugeblock", *sys.argv[1:]]),
        shlex.join(["gaugeblock", "pressure", "grid", "--verify", str(out)]),
    )
    (out / PAGE).write_text(render_grid(found, commands), encoding="utf-8")
    return found


def _tell(found: GridResult, out: Path, as_json: bool, *, verified: bool = False) -> None:
    from gaugeblock.pressure.grids.page.page import PAGE
    from gaugeblock.pressure.grids.results import GRID
    from gaugeblock.pressure.grids.summary import grid_lines, summary_of

    if as_json:
        said = summary_of(found) | {"result": str(out / GRID), "page": str(out / PAGE)}
        typer.echo(json.dumps(said | ({"verified": True} if verified else {})))
        return
    for line in grid_lines(found):
        typer.echo(line)
    if verified:
        typer.echo("verified: every number is what the runs give")
    typer.echo(f"result: {out / GRID}")
    typer.echo(f"page: {out / PAGE}")
