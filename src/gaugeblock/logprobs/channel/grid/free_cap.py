"""Soft caps that are not round numbers: solve for the cap from pairs of grid logits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gaugeblock.logprobs.channel.grid.float_grid import fit_row, top_candidates
from gaugeblock.logprobs.channel.grid.warp import Warp
from gaugeblock.logprobs.channel.readings import Reading
from gaugeblock.logprobs.floats import Array, round_to, spacing

_LOWEST, _HIGHEST = 8.0, 250.0
# Logits beyond this many caps are reported all alike; no model is of use there.
_SATURATED = 3.0
_NEWTON = 9
_FIRST_GAP = 0.6
_MOST_CANDIDATES = 200
# A cap known no better than this tests nothing, nats.
_MOST_DOUBT = 0.1


def _apart(cap: Array, top: Array, low: Array) -> tuple[Array, Array]:
    """Return the reported gap of two grid logits under a cap, and its derivative by the cap."""
    upper, lower = np.tanh(top / cap), np.tanh(low / cap)
    slope = (upper - lower) - (top * (1 - upper**2) - low * (1 - lower**2)) / cap
    return cap * (upper - lower), slope


def _solve(top: Array, low: Array, gap: float) -> Array:
    """Return the cap under which each pair is reported ``gap`` apart; NaN outside the range."""
    # tanh(x) = x - x^3 / 3 + ... gives the first guess.
    cap = np.sqrt((top**3 - low**3) / (3 * (top - low - gap)))
    cap = np.clip(cap, _LOWEST, _HIGHEST)
    for _ in range(_NEWTON):
        value, slope = _apart(cap, top, low)
        cap = np.clip(cap - (value - gap) / np.maximum(slope, 1e-9), cap / 2, cap * 2)
    value, _ = _apart(cap, top, low)
    solved = (np.abs(value - gap) < 1e-7) & (cap > _LOWEST) & (cap < _HIGHEST)
    return np.where(solved, cap, np.nan)


def _pairs(gap: float, precision: int) -> tuple[Array, Array]:
    """Return pairs of grid logits that some cap in range reports ``gap`` apart."""
    grid = top_candidates(precision)
    tops = grid[(grid >= 4) & (grid < 128)]
    tightest = np.maximum(_LOWEST, tops / _SATURATED)
    ratio = np.tanh(tops / tightest) - gap / tightest
    lowest = tightest * np.arctanh(np.maximum(ratio, -0.999))
    first = np.searchsorted(grid, lowest)
    # Closer than this to the plain difference, no cap in range is at work.
    last = np.searchsorted(grid, tops - gap - 0.002)
    count = np.maximum(last - first, 0)
    start = np.repeat(first - np.concatenate([[0], np.cumsum(count)[:-1]]), count)
    return np.repeat(tops, count), grid[start + np.arange(count.sum())]


def _guesses(row: Reading, precision: int) -> tuple[Array, Array]:
    """Return (top logit, cap) pairs under which a whole row lies on the grid."""
    gaps, error = row.gaps, row.gap_error
    # A small gap has few pairs of grid logits; larger ones then sharpen what it leaves of the cap.
    ascending = np.argsort(gaps, kind="stable")
    wide = ascending[gaps[ascending] >= min(_FIRST_GAP, float(gaps.max()))]
    order = np.concatenate([wide, np.setdiff1d(ascending, wide)])
    near = int(order[0])
    top, low = _pairs(float(gaps[near]), precision)
    cap = _solve(top, low, float(gaps[near]))
    good = np.isfinite(cap)
    top, low, cap = top[good], low[good], cap[good]
    _, drift = _apart(cap, top, low)
    doubt = (error[near] + 1.5e-7 * cap) / np.maximum(drift, 1e-9)
    for other in order[1:]:
        shown = cap * np.tanh(top / cap) - gaps[other]
        ratio = np.clip(shown / cap, -1 + 1e-12, 1 - 1e-12)
        held = cap * np.arctanh(ratio)
        slope = 1 - ratio**2
        gap = spacing(held, precision)
        _, own = _apart(cap, top, held)
        reach = error[other] + 1.5e-7 * cap + doubt * np.abs(own)
        fits = np.abs(held - np.rint(held / gap) * gap) * slope <= reach
        top, cap, doubt, held, own = top[fits], cap[fits], doubt[fits], held[fits], own[fits]
        sharper = (error[other] + 1.5e-7 * cap) / np.maximum(own, 1e-9)
        # The nearest grid logit stands for this gap now, and it fixes the cap better.
        better = sharper < doubt
        if better.any():
            gap = spacing(held, precision)
            low = np.rint(held / gap) * gap
            value, own = _apart(cap, top, low)
            moved = cap - (value - gaps[other]) / np.maximum(own, 1e-9)
            cap = np.where(better, moved, cap)
            doubt = np.where(better, sharper, doubt)
    return top, cap


def _sharpen(row: Reading, top: float, cap: float, precision: int) -> tuple[float, float]:
    """Fit the cap to all numbers of a row by least squares; return it and its doubt."""
    for _ in range(6):
        shown = cap * np.tanh(top / cap) - row.gaps
        held = round_to(cap * np.arctanh(np.clip(shown / cap, -1 + 1e-9, 1 - 1e-9)), precision)
        value, slope = _apart(np.full(held.shape, cap), np.full(held.shape, top), held)
        weight = float(slope @ slope)
        if weight == 0:
            break
        cap -= float((value - row.gaps) @ slope) / weight
    steepest = max(float(np.abs(slope).max()), 1e-6)
    return cap, float(row.gap_error.max() + 1.5e-7 * cap) / steepest


def free_caps(rows: Sequence[Reading], precision: int) -> Iterator[Warp]:
    """Yield caps, round or not, under which every row lies on the grid.

    The second logit is guessed too: a pair of grid logits and their reported gap fix the cap, the
    other numbers of that row test it, and the other rows test and sharpen it. The two rows with
    the widest range of logits are tried as the first.

    Args:
        rows: distinct rows.
        precision: significant bits of the logits under the cap.
    """
    ordered = sorted(rows, key=lambda row: -(row.gaps.size > 3) * float(row.gaps[-1]))
    seen: set[float] = set()
    for first in ordered[:2]:
        if first.gaps.size < 3:
            continue
        others = [row for row in ordered if row is not first]
        tops, caps = _guesses(first, precision)
        for top, start in list(zip(tops, caps, strict=True))[:_MOST_CANDIDATES]:
            warp = _confirm(first, others, float(top), float(start), precision)
            if warp is not None and warp.cap is not None and round(warp.cap, 3) not in seen:
                seen.add(round(warp.cap, 3))
                yield warp
        if seen:
            return


def _confirm(
    first: Reading, others: Sequence[Reading], top: float, start: float, precision: int
) -> Warp | None:
    """Sharpen a guessed cap on all rows; None if one of them does not fit."""
    cap, doubt = _sharpen(first, top, start, precision)
    if doubt > _MOST_DOUBT:
        return None
    for row in others:
        fit = fit_row(row, precision, Warp(cap=cap, doubt=doubt))
        if not fit.tops.size:
            return None
        if fit.tops.size == 1:
            better, sharper = _sharpen(row, float(fit.tops[0]), cap, precision)
            if sharper < doubt and abs(better - cap) <= doubt + sharper:
                cap, doubt = better, sharper
    return Warp(cap=cap, doubt=doubt)
