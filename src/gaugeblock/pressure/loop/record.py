"""What one run of one cell leaves behind besides its audit; no torch needed to read it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.pressure.cell_spec import CellSpec
from gaugeblock.pressure.kinds import RunRecord

RUN = "run.json"
"""The file of a ``SeedRun`` beside ``pressure-audit.json``."""


class CurvePoint(Record):
    """Where the training stood before one step, on fresh samples of the policy.

    Attributes:
        step: optimiser steps taken so far.
        samples: samples that every share here is of.
        reward: mean task reward, without any penalty.
        misbehaved: share of samples that misbehaved, by the environment's own labels.
        degenerate: share without a usable answer.
        flagged: share that the detector trained against flags at its fixed threshold; on the
            activations that the pressure reads.
        held_out: the same for each held-out detector, on live activations.
        kl: of the policy from the reference on these samples, nats per token of the answer.
    """

    step: int
    samples: int
    reward: float
    misbehaved: float
    degenerate: float
    flagged: float
    held_out: dict[str, float]
    kl: float


class SeedRun(Record):
    """One run of a cell.

    Attributes:
        version: of this schema.
        run: what was done, as the audit carries it too.
        cell: the cell, in full.
        digest: of the cell; a result belongs to a cell only where this agrees.
        base_seed: seed that made the reference.
        seed: of the training.
        parameters: of the model.
        detector: name of the detector trained against.
        held_out: names of those that were not.
        curves: of the run that was kept.
        tried: for selection by retries, share flagged and mean reward of each run; else empty.
        kept: index of the run that was kept.
        seconds: processor seconds by part; never compared.
    """

    version: Literal[1] = 1
    run: RunRecord
    cell: CellSpec
    digest: str
    base_seed: int
    seed: int
    parameters: int
    detector: str
    held_out: tuple[str, ...]
    curves: tuple[CurvePoint, ...]
    tried: tuple[tuple[float, float], ...] = ()
    kept: int = 0
    seconds: dict[str, float] = {}

    def compared(self) -> dict[str, Any]:
        """Return everything that two runs of the same seeds must agree on."""
        return self.model_dump(mode="json", exclude={"seconds"})


def cell_digest(cell: CellSpec) -> str:
    """Return the SHA-256 of what is done in a cell, whatever question it is asked for."""
    text = cell.model_dump_json(exclude={"question"})
    return hashlib.sha256(text.encode()).hexdigest()


def load_seed_run(path: Path) -> SeedRun:
    """Read ``run.json``.

    Raises:
        GaugeblockError: no such file, not such a record, or a digest that its cell does not give.
    """
    try:
        found = SeedRun.model_validate_json(path.read_bytes())
    except OSError as error:
        raise GaugeblockError("no such file", where=path) from error
    except ValidationError as error:
        raise GaugeblockError(f"not the record of a run ({error})", where=path) from error
    if cell_digest(found.cell) != found.digest:
        raise GaugeblockError("the digest is not that of the cell in it", where=path)
    return found
