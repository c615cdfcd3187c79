"""The honeypot made so small that a whole run takes seconds; what it learns is of no interest."""

from __future__ import annotations

import pytest

from gaugeblock.pressure.cell_spec import CellSpec
from gaugeblock.pressure.honeypot import base, examine, instruments, words, world
from gaugeblock.pressure.kinds import Pressure

TINY = words.Size(16, 3, 32, steps=40)


def shrink(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(words.SIZES, "small", TINY)
    patch.setattr(base, "BATCH", 64)
    patch.setattr(world, "SITUATIONS", 8)
    patch.setattr(examine, "PROMPTS", 60)
    # Thresholds at which some samples are flagged even by what has learnt next to nothing.
    patch.setattr(instruments, "FPR", 0.2)
    patch.setattr(instruments, "FITTED_ON", 200)
    patch.setattr(instruments, "CALIBRATED_ON", 200)


def cell(name: str = "a-cell", pressure: dict | None = None, **more) -> CellSpec:
    said = {"kind": "none", "through_gradient": False, "kl": 0.01} | (pressure or {})
    return CellSpec(name=name, size="small", pressure=Pressure(**said), **({"steps": 3} | more))
