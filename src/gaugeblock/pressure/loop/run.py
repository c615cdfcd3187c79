"""One cell, one seed: make or load the reference, train under pressure, audit, write."""

from __future__ import annotations

from pathlib import Path

from gaugeblock.pressure.cell_spec import CellSpec
from gaugeblock.pressure.loop.record import SeedRun


def run_cell(cell: CellSpec, base_seed: int, seed: int, out: Path, bases: Path) -> SeedRun:
    """Run one cell with one seed and write ``run.json``, then ``pressure-audit.json``, to ``out``.

    The audit is written last: where it is there, the run is done. The same arguments give the same
    files, but for the seconds in ``run.json``.

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
    raise NotImplementedError("being written: issue 6, the seam that the grid runner relies on")
