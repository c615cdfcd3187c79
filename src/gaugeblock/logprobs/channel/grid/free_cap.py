"""Soft caps that are not round numbers: solve for the cap from pairs of grid logits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gaugeblock.logprobs.channel.grid.float_grid import fit_row, top_candidates
from gaugeblock.logprobs.channel.grid.warp import Warp
from gaugeblock.logprobs.channel.readings import Reading
from gaugeblock.logprobs.floats import Array, round_to, spacing

_LOWEST, _HIGHEST = 8.0, 250.0
_NEWTON = 12
_MOST_CANDIDATES = 200
# A cap known no better than this, in nats of reported logit, tests nothing.
_MOST_DOUBT = 1e-3


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


def _guesses(row: Reading, precision: int) -> tuple[Array, Array]:
    """Return (top logit, cap) pairs under which a whole row lies on the grid."""
    gaps, error = row.gaps, row.gap_error
    order = np.argsort(-gaps, kind="stable")
    far = int(order[0])
    grid = top_candidates(precision)
    tops, lows = (
        grid[(grid >= 4) & (grid < 128)],
        grid[(np.abs(grid) >= 0.5) & (np.abs(grid) < 128)],
    )
    i, j = np.nonzero(tops[:, None] - lows[None, :] - gaps[far] > 0.002)
    top, low = tops[i], lows[j]
    rough = (top**3 - low**3) / (3 * (top - low - gaps[far]))
    keep = (rough > (_LOWEST / 2) ** 2) & (rough < _HIGHEST**2)
    top, low = top[keep], low[keep]
    cap = _solve(top, low, float(gaps[far]))
    good = np.isfinite(cap)
    top, low, cap = top[good], low[good], cap[good]
    _, drift = _apart(cap, top, low)
    doubt = (error[far] + 1.5e-7 * cap) / np.maximum(drift, 1e-9)
    for other in order[1:]:
        shown = cap * np.tanh(top / cap) - gaps[other]
        ratio = np.clip(shown / cap, -1 + 1e-12, 1 - 1e-12)
        held = cap * np.arctanh(ratio)
        slope = 1 - ratio**2
        gap = spacing(held, precision)
        _, own = _apart(cap, top, held)
        reach = error[other] + 1.5e-7 * cap + doubt * np.abs(own)
        fits = np.abs(held - np.rint(held / gap) * gap) * slope <= reach
        top, cap, doubt = top[fits], cap[fits], doubt[fits]
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
    """Yield caps, round or not, under which the first row lies on the grid, sharpened on all.

    The second logit is guessed too: a pair of grid logits and their reported gap fix the cap, and
    the other numbers of the row then test it.

    Args:
        rows: distinct rows; the first should be the longest.
        precision: significant bits of the logits under the cap.
    """
    first = rows[0]
    if first.gaps.size < 3:
        return
    tops, caps = _guesses(first, precision)
    seen: set[float] = set()
    for top, start in list(zip(tops, caps, strict=True))[:_MOST_CANDIDATES]:
        cap, doubt = _sharpen(first, float(top), float(start), precision)
        if doubt > _MOST_DOUBT:
            continue
        for row in rows[1:]:
            fit = fit_row(row, precision, Warp(cap=cap, doubt=doubt))
            if not fit.tops.size:
                break
            if fit.tops.size == 1:
                better, sharper = _sharpen(row, float(fit.tops[0]), cap, precision)
                if sharper < doubt and abs(better - cap) <= doubt + sharper:
                    cap, doubt = better, sharper
        else:
            if round(cap, 3) not in seen:
                seen.add(round(cap, 3))
                yield Warp(cap=cap, doubt=doubt)
