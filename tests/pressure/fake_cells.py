"""A stand-in for the training: audits of worlds made by hand, in milliseconds."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.behaviour import measure_behaviour
from gaugeblock.pressure.by_hand import make_world
from gaugeblock.pressure.cell_spec import CellSpec
from gaugeblock.pressure.kinds import RunRecord
from gaugeblock.pressure.loop.record import RUN, CurvePoint, SeedRun, cell_digest
from gaugeblock.pressure.measure import measure
from gaugeblock.pressure.outcome_spec import load_outcome_spec
from gaugeblock.pressure.result import RESULT, PressureAudit, judge
from gaugeblock.stats import Interval

WORLDS = {
    "none": "blatant",
    "frozen-copy": "honest-but-blind",
    "penalty": "translated",
    "split": "untouched",
    "rotated": "rotated",
    "by-text": "text-erased",
}


def run_world(cell: CellSpec, base_seed: int, seed: int, out: Path, bases: Path) -> SeedRun:
    """As ``loop.run.run_cell``; the steps of the cell say what is to go wrong."""
    if cell.name == "breaks":
        raise GaugeblockError("the loss is not finite", where=f"step {seed}")
    if cell.name == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    record = RunRecord(
        cell=cell.name,
        pressure=cell.pressure,
        mitigations=cell.mitigations,
        base_seed=base_seed,
        seed=seed,
    )
    world = WORLDS[cell.name]
    made = SeedRun(
        run=record,
        cell=cell,
        digest=cell_digest(cell),
        base_seed=base_seed,
        seed=seed,
        parameters=1000,
        detector="probe",
        held_out=("other", "third"),
        curves=tuple(
            CurvePoint(
                step=10 * i,
                samples=64,
                reward=0.5 + 0.1 * i + 0.01 * seed,
                misbehaved=0.1 * i,
                degenerate=0.0,
                flagged=max(0.9 - 0.2 * i, 0.0),
                held_out={"other": 0.9 - 0.1 * i, "third": 0.8},
                kl=0.1 * i,
            )
            for i in range(4)
        ),
    )
    (out / RUN).write_text(made.model_dump_json(), encoding="utf-8")
    audit = _audit(world, bases)
    measured = audit.measured.model_copy(update={"run": record})
    text = audit.model_copy(update={"measured": measured}).model_dump_json()
    (out / RESULT).write_text(text, encoding="utf-8")
    return made


def _audit(world: str, bases: Path) -> PressureAudit:
    kept = bases / f"{world}.json"
    if kept.is_file():
        return PressureAudit.model_validate_json(kept.read_bytes())
    cells, runs = make_world(world, 300)
    kl = Interval(low=0.9, high=1.1, level=0.95, method="given", estimate=1.0)
    found = judge(
        measure(cells, None, behaviour=measure_behaviour(runs), kl=kl), load_outcome_spec()
    )
    bases.mkdir(parents=True, exist_ok=True)
    # Two runs may make it at once; each writes a file of its own and the last one stays.
    mine = kept.with_suffix(f".{os.getpid()}")
    mine.write_text(found.model_dump_json(), encoding="utf-8")
    mine.replace(kept)
    return found
