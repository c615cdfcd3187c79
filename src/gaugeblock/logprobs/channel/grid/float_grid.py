"""Evidence that logits lie on a floating-point grid whose absolute offset is unknown.

Softmax hides the absolute logit, so each row has one nuisance parameter, its top logit. On a
float grid that hides nothing: the spacing depends on the logit's size. With ``P(value | grid) =
density * spacing`` and ``P(value | no grid) = density * resolution`` the density cancels and a
row's evidence is the sum over its possible top logits of prior times the product of
``spacing / resolution``, in bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gaugeblock.logprobs.channel.grid.warp import Warp
from gaugeblock.logprobs.channel.readings import Reading
from gaugeblock.logprobs.floats import Array, grid_points, spacing

_BIN = 0.25
_LIMIT = 256.0
_SCREEN = 3
# Top logits of language models: 13 to 50 on the public rows whose offset is known.
_USUAL_TOP, _USUAL_SPREAD, _FAR = 25.0, 12.0, 2e-4
# Spread over rows, nats, and its weight: top logits of different prompts lie nats apart, those of
# modes of one prompt close together, and so does what a whole model's prompts share.
_APART = {1.0: 0.005, 2.0: 0.03, 4.0: 0.3, 8.0: 0.5, 16.0: 0.15, 32.0: 0.015}
_ALIKE = {1.0: 0.2, 2.0: 0.2, 4.0: 0.2, 8.0: 0.2, 16.0: 0.1, 32.0: 0.1}
_SHARED = {1.0: 0.1, 2.0: 0.25, 4.0: 0.35, 8.0: 0.2, 16.0: 0.08, 32.0: 0.02}
# How far below the last listed logit the bulk of the vocabulary lies, in units of the listed
# logits' mean height over the last one (for an exponential tail the logarithm of the number of
# tokens over k), and the weight of each; what is left is for top logits that share nothing.
_BULK = {0.0: 0.3, 2.0: 0.15, 4.0: 0.15, 6.0: 0.1, 8.0: 0.1}


@dataclass(frozen=True)
class RowFit:
    """The top logits that one row allows.

    Attributes:
        tops: grid logits, shape (m,); empty if the row does not lie on the grid.
        bits: evidence against no grid given each top logit, before the prior, shape (m,).
        reach: nats from the top logit down to the last one listed.
        height: mean height of the listed logits over the last one, nats.
    """

    tops: Array
    bits: Array
    reach: float
    height: float


@lru_cache(maxsize=4)
def top_candidates(bits: int) -> Array:
    """Return the grid points from 1/8 to 256 in size, both signs."""
    positive = grid_points(bits, -3, 8)
    return np.concatenate([-positive[::-1], positive])


def fit_row(reading: Reading, bits: int, warp: Warp, tops: Array | None = None) -> RowFit:
    """Return the top logits under which every number of a row lies on the grid.

    Args:
        reading: one row of n + 1 logprobs.
        bits: significant bits of the grid.
        warp: map from the grid to the reported logit.
        tops: the top logits to try; all candidates by default.
    """
    gaps, error = reading.gaps, reading.gap_error
    alive = top_candidates(bits) if tops is None else tops
    total = np.zeros(alive.size)
    order = np.argsort(-gaps, kind="stable")
    # Most candidates die on the first few numbers, so the rest is only tried on survivors.
    for chosen in (order[:1], order[1:_SCREEN], order[_SCREEN:]):
        if not chosen.size or not alive.size:
            continue
        shown = warp.forward(alive)[:, None] - gaps[None, chosen]
        held = warp.inverse(shown)
        slope = warp.slope(shown)
        gap = spacing(np.nan_to_num(held), bits)
        off = np.abs(held - np.rint(held / gap) * gap) * slope
        reach = error[None, chosen] + warp.error(alive)[:, None]
        fits = np.all(off <= reach + warp.slack, axis=1)
        gain = np.log2(np.maximum(gap * slope / (2 * reach), 1.0))
        total = (total + gain.sum(axis=1))[fits]
        alive = alive[fits]
    deepest = float(gaps.max(initial=0.0))
    return RowFit(alive, total, deepest, deepest - float(gaps.mean()) if gaps.size else 0.0)


@lru_cache(maxsize=3)
def _location_priors(spreads: tuple[tuple[float, float], ...]) -> tuple[Array, Array]:
    """Return densities of the top logit over bins, one row per (location, spread), and weights."""
    centres = np.arange(-_LIMIT, _LIMIT, _BIN) + _BIN / 2
    locations = np.concatenate(
        [np.arange(-128.0, -48.0, 8.0), np.arange(-48.0, 65.0, 2.0), np.arange(72.0, 129.0, 8.0)]
    )
    width = np.gradient(locations)
    usual = width * np.exp(-0.5 * ((locations - _USUAL_TOP) / _USUAL_SPREAD) ** 2)
    weight = (1 - _FAR) * usual / usual.sum() + _FAR * width / width.sum()
    rows, weights = [], []
    for spread, share in spreads:
        density = np.exp(-0.5 * ((centres[None, :] - locations[:, None]) / spread) ** 2)
        rows.append(density / density.sum(axis=1, keepdims=True) / _BIN)
        weights.append(share * weight)
    return np.concatenate(rows), np.concatenate(weights)


def shared_evidence(fits: Sequence[RowFit], bits: int, *, prompts_differ: bool) -> float:
    """Return the bits for a float grid when all rows share an unknown range of logits.

    The mean top logit is 25 give or take 12 (one in 5,000 anywhere from -128 to 128). What the
    rows share, with a spread from 1 to 32, is their top logit, or the last logit listed, or the
    bulk of the vocabulary some way below it: a confident prompt lifts its top over the others far
    more than it moves the rest. All of these are integrated out, so that thirty rows pay once for
    where the logits lie, not thirty times.

    Args:
        fits: one per distinct row.
        bits: significant bits of the grid.
        prompts_differ: whether no two rows are known to share a prompt.

    Returns:
        Bits against no grid; minus infinity if any row cannot lie on the grid.
    """
    if not all(fit.tops.size for fit in fits):
        return -np.inf
    apart = _APART if prompts_differ else _ALIKE
    left = 1.0 - sum(_BULK.values())
    found = [_anchored(fits, bits, np.zeros(len(fits)), apart) + float(np.log2(left))]
    for below, share in _BULK.items():
        down = np.array([fit.reach + below * fit.height for fit in fits])
        # Moved by their mean, so that the prior on the mean top logit stays what it is.
        moved = down - down.mean()
        found.append(_anchored(fits, bits, moved, _SHARED) + float(np.log2(share)))
    return float(np.logaddexp2.reduce(found))


def _anchored(
    fits: Sequence[RowFit], bits: int, moved: Array, spreads: dict[float, float]
) -> float:
    """Return the bits where the top logits less ``moved`` share a location and a spread."""
    priors, weights = _location_priors(tuple(spreads.items()))
    total = np.log2(weights)
    for fit, move in zip(fits, moved, strict=True):
        best = float(fit.bits.max())
        weight = spacing(fit.tops, bits) * np.exp2(fit.bits - best)
        place = ((fit.tops - move + _LIMIT) / _BIN).astype(int)
        filled = np.bincount(np.clip(place, 0, priors.shape[1] - 1), weight)
        mass = priors[:, : filled.size] @ filled
        total += best + np.log2(np.maximum(mass, 1e-300))
    best = float(total.max())
    return best + float(np.log2(np.sum(np.exp2(total - best))))


def flat_evidence(fits: Sequence[RowFit], bits: int) -> float:
    """Return the bits for a float grid when each row's top logit is any grid point in [8, 64).

    Every row pays the whole price of not knowing its top logit; many rows within one binade are
    then taken for a fixed step. Kept because published figures use it.
    """
    number = 3 * 2 ** (bits - 1)
    total = 0.0
    for fit in fits:
        inside = fit.bits[(fit.tops >= 8) & (fit.tops < 64)]
        if not inside.size:
            return -np.inf
        best = float(inside.max())
        total += best + float(np.log2(np.sum(np.exp2(inside - best)) / number))
    return total
