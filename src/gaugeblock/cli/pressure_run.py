"""``gaugeblock pressure run``: train a model of one's own under pressure, through TRL."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaugeblock.errors import GaugeblockError

if TYPE_CHECKING:
    from gaugeblock.pressure.trainers.order import Done


def run(
    recipe: Annotated[str, typer.Argument(help="Recipe file, a shipped one's name, or 'list'.")],
    out: Annotated[Path | None, typer.Option(help="Directory for model and run record.")] = None,
    audit: Annotated[
        Path | None, typer.Option(help="JSONL of forced pairs: audit base and result with them.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Optimiser steps, instead of the recipe's.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Instead of the recipe's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train against a detector as a recipe says; the same command goes on after a kill."""
    from gaugeblock.cli.console import progress_bars
    from gaugeblock.pressure.kinds import RunRecord
    from gaugeblock.pressure.trainers.recipe import load_recipe, shipped, shipped_names

    if recipe == "list":
        for name in shipped_names():
            typer.echo(name)
        return
    read = load_recipe(shipped(recipe))
    if not all(find_spec(one) for one in ("trl", "datasets", "accelerate")):
        raise GaugeblockError(
            "training needs TRL", where="pressure run", remedy="pip install 'gaugeblock[train]'"
        )
    from gaugeblock.pressure.trainers.run import run_recipe

    changes = {"steps": steps, "seed": seed}
    read = read.model_copy(update={k: v for k, v in changes.items() if v is not None})
    folder = out if out is not None else Path("pressure-runs") / read.name
    # A reward beside the recipe, or where the command is called, can be named.
    sys.path[:0] = [str(shipped(recipe).parent.resolve()), str(Path.cwd())]
    with progress_bars(quiet=as_json) as update:
        done = run_recipe(read, folder, update)
    label = _audited(done, audit, folder) if audit is not None else None
    note = RunRecord.model_validate_json(done.run.read_bytes()).note
    files = " ".join(f"--detector {one}" for one in done.detectors)
    command = (
        f"gaugeblock pressure audit {done.base} {done.final} {files}{' ' if files else ''}"
        f"--record {done.run} --pairs PAIRS.jsonl --out {folder / 'audit'}"
    )
    if as_json:
        said = done.model_dump(mode="json")
        more = {"note": note, "audit": label, "next": None if label else command}
        typer.echo(json.dumps(said | more))
        return
    typer.echo(f"run: {note}")
    typer.echo(f"model: {done.final}")
    typer.echo(f"run record: {done.run}")
    typer.echo(f"outcome: {label}" if label else f"now: {command}")


def _audited(done: Done, pairs: Path, folder: Path) -> str:
    from gaugeblock.cli.console import err
    from gaugeblock.models.loading import load_subject
    from gaugeblock.pressure.kinds import RunRecord
    from gaugeblock.pressure.page import render_audit
    from gaugeblock.pressure.pairs import load_pairs
    from gaugeblock.pressure.result import RESULT, audit_checkpoints

    with err.status("auditing") as status:
        found = audit_checkpoints(
            load_subject(done.base),
            load_subject(str(done.final)),
            load_pairs(pairs),
            done.detectors,
            run=RunRecord.model_validate_json(done.run.read_bytes()),
            say=status.update,
        )
    where = folder / "audit"
    where.mkdir(parents=True, exist_ok=True)
    (where / RESULT).write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (where / "pressure-audit.html").write_text(
        render_audit(found, (f"gaugeblock pressure run --audit {pairs}",)), encoding="utf-8"
    )
    return found.outcome.words
