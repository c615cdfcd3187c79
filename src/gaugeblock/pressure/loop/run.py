"""One cell, one seed: make or load the reference, train under pressure, audit, write."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

from gaugeblock.pressure.cell_spec import CellSpec
from gaugeblock.pressure.honeypot.base import load_model, make_base, save_model
from gaugeblock.pressure.honeypot.examine import examine
from gaugeblock.pressure.honeypot.instruments import Bench, Instruments, fit_instruments
from gaugeblock.pressure.honeypot.words import SIZES
from gaugeblock.pressure.honeypot.world import World
from gaugeblock.pressure.kinds import PressureKind, RunRecord
from gaugeblock.pressure.loop.pressing import Pressing
from gaugeblock.pressure.loop.record import RUN, SeedRun, cell_digest
from gaugeblock.pressure.loop.routing import make_routes
from gaugeblock.pressure.loop.training import Trained, train
from gaugeblock.pressure.result import RESULT
from gaugeblock.pressure.signals import chosen_run
from gaugeblock.seeds import derive_seed

FINAL = "final"
"""Directory of the policy's checkpoint beside the records."""


def run_cell(cell: CellSpec, base_seed: int, seed: int, out: Path, bases: Path) -> SeedRun:
    """Run one cell with one seed and write ``run.json``, then ``pressure-audit.json``, to ``out``.

    The audit is written last: where it is there, the run is done. The same arguments give the same
    files, but for the seconds in ``run.json``. Runs on one thread.

    Args:
        cell: what is done.
        base_seed: seed that makes the reference.
        seed: of the training.
        out: directory of this run; made if it is not there.
        bases: directory in which references are kept, for all runs of a grid.

    Raises:
        GaugeblockError: the loss is not finite, a split layer outside the model, a detector of
            another width.
    """
    torch.set_num_threads(1)
    clock = _Clock()
    out.mkdir(parents=True, exist_ok=True)
    (out / RESULT).unlink(missing_ok=True)
    folder = make_base(bases, cell, base_seed)
    reference = load_model(folder)
    splits = [one for one in cell.mitigations if one.kind == "split"]
    make_routes(load_model(folder), splits[0] if splits else None, f"cell {cell.name}")
    clock.lap("reference")
    bench = Bench(reference, SIZES[cell.size].belief, base_seed)
    instruments = fit_instruments(bench, cell, seed)
    clock.lap("detectors")
    tried = [
        _trained(cell, reference, bench, instruments, base_seed, seed, attempt)
        for attempt in range(cell.pressure.retries or 1)
    ]
    ends = [(one.curve[-1].flagged, one.curve[-1].reward) for one in tried]
    kept = 0
    if cell.pressure.kind is PressureKind.retry_selection:
        kept = chosen_run(cell.pressure, [f for f, _ in ends], [r for _, r in ends])
    clock.lap("training")
    record = RunRecord(
        cell=cell.name,
        pressure=cell.pressure,
        mitigations=cell.mitigations,
        base_seed=base_seed,
        seed=seed,
        note=_note(cell),
    )
    audit = examine(reference, tried[kept].model, instruments, record, derive_seed("e", seed))
    clock.lap("audit")
    found = SeedRun(
        run=record,
        cell=cell,
        digest=cell_digest(cell),
        base_seed=base_seed,
        seed=seed,
        parameters=sum(one.numel() for one in reference.parameters()),
        detector=instruments.audited.name,
        held_out=tuple(one.name for one in instruments.held_out),
        curves=tried[kept].curve,
        tried=tuple(ends) if len(tried) > 1 else (),
        kept=kept,
        seconds=clock.laps,
    )
    shutil.rmtree(out / FINAL, ignore_errors=True)
    save_model(tried[kept].model, out / FINAL)
    _write(out / RUN, found.model_dump_json(indent=1))
    _write(out / RESULT, audit.model_dump_json(indent=1))
    return found


def _trained(
    cell: CellSpec,
    reference: Any,
    bench: Bench,
    instruments: Instruments,
    base_seed: int,
    seed: int,
    attempt: int,
) -> Trained:
    own = derive_seed("training", base_seed, seed, attempt)
    world = World(bench, keyed=cell.task == "useful-feature", seed=own)
    rotate = any(one.kind == "rotated" for one in cell.mitigations)
    pressing = Pressing(cell.pressure, instruments.used, rotate=rotate, seed=own)
    return train(cell, reference, world, pressing, instruments.held_out)


def _note(cell: CellSpec) -> str:
    if cell.pressure.control == "random-labels":
        return "audited with the detector of right labels; the pressure's own had random ones"
    return ""


def _write(path: Path, text: str) -> None:
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


class _Clock:
    """Processor seconds by part."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.process_time()

    def lap(self, name: str) -> None:
        """Book what has passed since the last lap."""
        now = time.process_time()
        self.laps[name] = round(now - self._last, 2)
        self._last = now
