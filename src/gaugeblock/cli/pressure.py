"""``gaugeblock pressure``: what training against a detector did to model and detector."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaugeblock.cli.pressure_grid import grid
from gaugeblock.cli.pressure_run import run as run_training
from gaugeblock.errors import GaugeblockError

if TYPE_CHECKING:
    from gaugeblock.pressure.kinds import RunRecord
    from gaugeblock.pressure.result import PressureAudit

PAGE = "pressure-audit.html"

app = typer.Typer(no_args_is_help=True, help="Training against a detector, and what came of it.")
app.command("run")(run_training)

app.command("grid")(grid)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("audit")
def audit(
    reference: Annotated[
        str | None, typer.Argument(metavar="BASE", help="The model before: a subject id.")
    ] = None,
    policy: Annotated[
        str | None, typer.Argument(metavar="FINAL", help="The model after: a subject id.")
    ] = None,
    detector: Annotated[
        list[Path] | None,
        typer.Option(help="Detector file; the first is the one trained against, others held out."),
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option(help="JSONL of forced pairs (see docs/pressure.md).")
    ] = None,
    arrays: Annotated[
        Path | None, typer.Option(help="Directory of rr, rp, pr, pp and labels .npy instead.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Directory for the result.")] = None,
    behaviour: Annotated[
        Path | None, typer.Option(help="JSON of runs by scenario, judged elsewhere.")
    ] = None,
    write: Annotated[
        int, typer.Option(min=0, help="Tokens each model writes after a forced beginning.")
    ] = 8,
    runs: Annotated[
        int, typer.Option(min=0, help="Runs of each prompt by itself; 0 for none.")
    ] = 1,
    layer: Annotated[
        int | None, typer.Option(help="Without a detector file: block to fit one on.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="JSON run record: what was done to FINAL.")
    ] = None,
    spec: Annotated[
        Path | None, typer.Option(help="Rules of your own; the shipped ones if not given.")
    ] = None,
    keep_arrays: Annotated[
        bool, typer.Option(help="Keep the activations in OUT/arrays, for --arrays.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the split and every random draw.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Say which outcome it was, from two checkpoints or from four arrays of activations."""
    from gaugeblock.cli.console import err
    from gaugeblock.pressure.behaviour import load_runs
    from gaugeblock.pressure.outcome_spec import load_outcome_spec
    from gaugeblock.pressure.result import audit_arrays

    rules = load_outcome_spec(spec)
    done = load_runs(behaviour) if behaviour is not None else None
    files = detector or []
    with err.status("reading") as status:
        if arrays is not None:
            if reference or policy or pairs or record or layer is not None:
                raise GaugeblockError(
                    "arrays and checkpoints are two ways to give the same thing",
                    where="--arrays",
                    remedy="Give --arrays DIR alone, or BASE FINAL --pairs FILE",
                )
            found = audit_arrays(arrays, files, runs=done, spec=rules, seed=seed, say=status.update)
        else:
            if not (reference and policy and pairs):
                raise GaugeblockError(
                    "two checkpoints and pairs are needed, or four arrays",
                    where="pressure audit",
                    remedy="Give BASE FINAL --pairs FILE, or --arrays DIR",
                )
            # torch is loaded only where a model is.
            from gaugeblock.models.loading import load_subject
            from gaugeblock.pressure.pairs import load_pairs
            from gaugeblock.pressure.result import audit_checkpoints

            texts = load_pairs(pairs)
            found = audit_checkpoints(
                load_subject(reference, threads=threads),
                load_subject(policy, threads=threads),
                texts,
                files,
                runs=done,
                own_runs=runs,
                write=write,
                layer=layer,
                spec=rules,
                run=_record(record),
                seed=seed,
                arrays=out / "arrays" if out is not None and keep_arrays else None,
                say=status.update,
            )
    _tell(found, out, as_json)


@app.command("example")
def example(
    world: Annotated[str, typer.Argument(help="What was done; 'list' to see all.")],
    out: Annotated[Path | None, typer.Option(help="Directory for the arrays.")] = None,
    prompts: Annotated[int, typer.Option(min=40, help="Forced pairs.")] = 600,
    seed: Annotated[int, typer.Option(help="Of the noise.")] = 0,
) -> None:
    """Write arrays made by hand whose outcome is known, to try the audit on."""
    from gaugeblock.pressure.by_hand import WORLDS, make_world
    from gaugeblock.pressure.cells import ArraysCard, save_arrays
    from gaugeblock.pressure.result import BEHAVIOUR

    if world == "list":
        for name in WORLDS:
            typer.echo(name)
        return
    if out is None:
        raise GaugeblockError("no directory to write to", where="--out", remedy="Give --out DIR")
    cells, runs = make_world(world, prompts, seed)
    save_arrays(out, cells, ArraysCard(reference="made by hand", policy=f"by hand: {world}"))
    (out / BEHAVIOUR).write_text(runs.model_dump_json(indent=1) + "\n", encoding="utf-8")
    typer.echo(f"wrote {out}; now: gaugeblock pressure audit --arrays {out}")


def _record(path: Path | None) -> RunRecord:
    from pydantic import ValidationError

    from gaugeblock.pressure.kinds import RunRecord

    if path is None:
        return RunRecord()
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except OSError as error:
        raise GaugeblockError("no such file", where=path) from error
    except ValidationError as error:
        raise GaugeblockError(f"not a run record ({error})", where=path) from error


def _tell(found: PressureAudit, out: Path | None, as_json: bool) -> None:
    from gaugeblock.pressure.page import render_audit
    from gaugeblock.pressure.result import RESULT
    from gaugeblock.pressure.summary import summary_lines

    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / RESULT).write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
        command = shlex.join(["gaugeblock", *sys.argv[1:]])
        (out / PAGE).write_text(render_audit(found, (command,)), encoding="utf-8")
    if as_json:
        said = found.outcome.model_dump(mode="json")
        typer.echo(json.dumps(said | {"result": None if out is None else str(out / RESULT)}))
        return
    for line in summary_lines(found):
        typer.echo(line)
    if out is not None:
        typer.echo(f"result: {out / RESULT}")
        typer.echo(f"page: {out / PAGE}")
