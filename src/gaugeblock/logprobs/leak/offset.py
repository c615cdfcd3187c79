"""The absolute logit, which a softmax should hide and a float grid tells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaugeblock.frozen import Record
from gaugeblock.logprobs.channel.grid import ENOUGH_BITS
from gaugeblock.logprobs.channel.grid.float_grid import fit_row
from gaugeblock.logprobs.channel.grid.warp import Warp
from gaugeblock.logprobs.channel.readings import Reading
from gaugeblock.logprobs.floats import spacing
from gaugeblock.logprobs.spec import ChannelSpec


class Offsets(Record):
    """What rows tell of absolute logits.

    Attributes:
        rows: how many rows were looked at.
        unique: in how many of them only one top logit is possible.
        within_one: in how many the top logits that are less than ten bits behind the likeliest
            lie within one nat.
        tops: the top logits of the unique ones, nats, in the order of the rows.
        median_possible: median number of possible top logits; None without rows on the grid.
    """

    rows: int
    unique: int
    within_one: int
    tops: tuple[float, ...]
    median_possible: float | None


def offsets(rows: Sequence[Reading], spec: ChannelSpec) -> Offsets | None:
    """Return what rows tell of absolute logits, or None for a channel that hides them.

    Args:
        rows: distinct usable rows.
        spec: the channel, of family bf16, fp16 or softcap.
    """
    if spec.family not in ("bf16", "fp16", "softcap"):
        return None
    warp = Warp(scale=spec.scale, cap=spec.cap if spec.family == "softcap" else None)
    possible, tops, near = [], [], 0
    for row in rows:
        fit = fit_row(row, spec.bits, warp)
        if fit.tops.size:
            shown = warp.forward(fit.tops)
            # A flat density of logits gives each grid point the weight of its spacing.
            bits = fit.bits + np.log2(spacing(fit.tops, spec.bits))
            possible.append(shown.size)
            near += bool(np.ptp(shown[bits > bits.max() - ENOUGH_BITS]) <= 1.0)
            if shown.size == 1:
                tops.append(round(float(shown[0]), 6))
    return Offsets(
        rows=len(rows),
        unique=len(tops),
        within_one=near,
        tops=tuple(tops),
        median_possible=float(np.median(possible)) if possible else None,
    )
