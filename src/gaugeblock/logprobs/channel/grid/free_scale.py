"""Float grids under an unknown multiplier: solve for it from pairs of grid logits.

A multiplier of two is another range of logits, so only multipliers from 1 to 2 are looked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gaugeblock.logprobs.channel.grid.float_grid import fit_row, top_candidates
from gaugeblock.logprobs.channel.grid.warp import Warp
from gaugeblock.logprobs.channel.readings import Reading
from gaugeblock.logprobs.floats import Array, round_to, spacing

# Top logits that are tried as the first; on a scaled grid beyond them nothing is found.
_LOWEST, _HIGHEST = 1.0, 128.0
_FIRST_GAP = 0.3
_MOST_CANDIDATES = 40
_MOST_PAIRS = 3_000_000


def _pairs(gap: float, precision: int) -> tuple[Array, Array]:
    """Return pairs of grid logits that some multiplier from 1 to 2 puts ``gap`` apart."""
    grid = top_candidates(precision)
    tops = grid[(np.abs(grid) >= _LOWEST) & (np.abs(grid) < _HIGHEST)]
    first = np.searchsorted(grid, tops - gap - 1e-9)
    last = np.searchsorted(grid, tops - gap / 2)
    count = np.maximum(last - first, 0)
    start = np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
    return np.repeat(tops, count), grid[start + np.arange(count.sum())]


def _guesses(row: Reading, precision: int) -> tuple[Array, Array]:
    """Return (top logit, scale) pairs under which a whole row lies on the grid."""
    gaps, error = np.maximum(row.gaps, 1e-9), row.gap_error
    ascending = np.argsort(gaps, kind="stable")
    wide = ascending[gaps[ascending] >= min(_FIRST_GAP, float(gaps.max()))]
    order = np.concatenate([wide, np.setdiff1d(ascending, wide)])
    near = int(order[0])
    top, low = _pairs(float(gaps[near]), precision)
    if top.size > _MOST_PAIRS:
        return np.empty(0), np.empty(0)
    scale = gaps[near] / (top - low)
    # Relative: how far the scale may be off.
    doubt = np.full(scale.shape, error[near] / gaps[near])
    for other in order[1:]:
        held = top - gaps[other] / scale
        gap = spacing(held, precision)
        reach = error[other] / scale + doubt * gaps[other] / scale
        fits = np.abs(held - np.rint(held / gap) * gap) <= reach
        top, scale, doubt, held, gap = (part[fits] for part in (top, scale, doubt, held, gap))
        apart = top - np.rint(held / gap) * gap
        # The nearest grid logit stands for this gap now; a larger gap fixes the scale better,
        # once no other grid logit comes into question.
        sharper = (error[other] / gaps[other] < doubt) & (reach[fits] < gap / 4) & (apart > 0)
        scale = np.where(sharper, gaps[other] / np.where(apart > 0, apart, 1.0), scale)
        doubt = np.where(sharper, error[other] / gaps[other], doubt)
    return top, scale


def _sharpen(row: Reading, top: float, scale: float, precision: int) -> tuple[float, float]:
    """Fit the scale to all numbers of a row by least squares; return it and its relative doubt."""
    apart = top - round_to(top - row.gaps / scale, precision)
    better = float(row.gaps @ apart / (apart @ apart))
    return better, float((row.gap_error / np.maximum(row.gaps, 1e-9)).min())


def free_scales(rows: Sequence[Reading], precision: int) -> Iterator[Warp]:
    """Yield multipliers from 1 to 2 under which every row lies on the grid.

    A pair of grid logits and their reported gap fix the multiplier, the other numbers of that row
    test it, and the other rows test and sharpen it.

    Args:
        rows: distinct rows.
        precision: significant bits of the logits under the multiplier.
    """
    ordered = sorted(rows, key=lambda row: -(row.gaps.size > 3) * float(row.gaps[-1]))
    if not ordered or ordered[0].gaps.size < 3:
        return
    widest = max(float(row.gaps[-1]) for row in ordered)
    tops, scales = _guesses(ordered[0], precision)
    # Top logits of one scale differ; each scale is confirmed once.
    seen: set[float] = set()
    for top, start in zip(tops, scales, strict=True):
        scale, doubt = _sharpen(ordered[0], float(top), float(start), precision)
        if round(scale, 5) in seen or scale == 1.0 or len(seen) >= _MOST_CANDIDATES:
            continue
        seen.add(round(scale, 5))
        warp = Warp(scale=scale, doubt=doubt * widest)
        if all(fit_row(row, precision, warp).tops.size for row in ordered):
            yield warp
