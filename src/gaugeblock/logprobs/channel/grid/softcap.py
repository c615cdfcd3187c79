"""Final-logit soft caps: ``cap * tanh(z / cap)`` of logits on a float grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gaugeblock.logprobs.channel.grid.float_grid import (
    RowFit,
    fit_row,
    shared_evidence,
)
from gaugeblock.logprobs.channel.grid.free_cap import free_caps
from gaugeblock.logprobs.channel.grid.warp import Warp
from gaugeblock.logprobs.channel.readings import Reading

# Caps of published models come first: Gemma 2 uses 30, Grok-1 30 and Grok-3 50.
FAMOUS = (30.0, 50.0, 15.0, 20.0, 25.0, 40.0, 60.0, 100.0)
WHOLE = tuple(float(cap) for cap in range(5, 201) if cap not in FAMOUS)
_RANGE = 250.0
# Caps that differ by less, relatively, are one cap.
_SAME_CAP = 1e-3


@dataclass(frozen=True)
class CapFit:
    """A soft cap that fits every row.

    Attributes:
        cap: nats.
        precision: significant bits of the logits under the cap.
        bits: evidence against no grid, the price of the cap included.
        rows: what each row allows.
        rivals: other caps that fit, with how far they are behind, in bits.
    """

    cap: float
    precision: int
    bits: float
    rows: tuple[RowFit, ...]
    rivals: tuple[tuple[float, float], ...] = ()

    @property
    def lead(self) -> float:
        """Bits by which this cap leads the next; infinite without one."""
        return min((behind for _, behind in self.rivals), default=float("inf"))


def _fit(
    rows: Sequence[Reading], warp: Warp, precision: int, prior: float, prompts_differ: bool
) -> CapFit | None:
    fits = []
    for row in rows:
        fit = fit_row(row, precision, warp)
        if not fit.tops.size:
            return None
        fits.append(fit)
    shared = shared_evidence(fits, precision, prompts_differ=prompts_differ)
    return CapFit(warp.cap or 0.0, precision, shared + prior, tuple(fits))


def find_cap(rows: Sequence[Reading], *, prompts_differ: bool) -> CapFit | None:
    """Return the soft cap that explains all rows best, or None.

    Tries caps of published models on bf16 and fp16 logits, then every whole cap from 5 to 200 on
    bf16 logits, then any cap on bf16 logits.

    Args:
        rows: distinct rows.
        prompts_differ: whether no two rows are known to share a prompt.
    """
    if not rows:
        return None
    ordered = sorted(rows, key=lambda row: -row.gaps.size)
    found: list[CapFit] = []
    plans = (
        (FAMOUS, 8, np.log2(0.4 / len(FAMOUS))),
        (FAMOUS, 11, np.log2(0.1 / len(FAMOUS))),
        (WHOLE, 8, np.log2(0.25 / len(WHOLE))),
    )
    for caps, precision, prior in plans:
        for cap in caps:
            fit = _fit(ordered, Warp(cap=cap), precision, float(prior), prompts_differ)
            if fit is not None:
                found.append(fit)
    if not found:
        for warp in free_caps(ordered, 8):
            price = float(np.log2(0.25 * 2 * warp.doubt / _RANGE))
            fit = _fit(ordered, warp, 8, price, prompts_differ)
            if fit is not None:
                found.append(fit)
    if not found:
        return None
    best = max(found, key=lambda fit: fit.bits)
    rivals = tuple(
        (fit.cap, best.bits - fit.bits) for fit in found if abs(fit.cap / best.cap - 1) > _SAME_CAP
    )
    return replace(best, rivals=rivals)
