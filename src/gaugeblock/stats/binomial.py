"""Exact (Clopper-Pearson) limits for a rate of independent trials.

Clopper and Pearson 1934, Biometrika 26:404, in the beta-quantile form of Brown, Cai and
DasGupta 2001, Statistical Science 16:101, eq. (4.1.2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from gaugeblock.stats.interval import Interval, Sides
from gaugeblock.stats.validation import check_fraction, check_hits, check_sides


def tail_areas(level: float, sides: Sides) -> tuple[float, float]:
    """Return the error spent below the lower and above the upper limit."""
    spare = 1.0 - level
    return {"two": (spare / 2, spare / 2), "upper": (0.0, spare), "lower": (spare, 0.0)}[sides]


def exact_limits(
    k: ArrayLike, n: ArrayLike, level: float, sides: Sides
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Clopper-Pearson limits, elementwise.

    Args:
        k: hits, not necessarily whole (an effective count), 0 <= k <= n.
        n: trials, not necessarily whole, > 0; broadcast against ``k``.
        level: nominal coverage.
        sides: see Interval.

    Returns:
        Lower and upper limits, each of the broadcast shape.
    """
    hits, trials = np.broadcast_arrays(np.asarray(k, float), np.asarray(n, float))
    below, above = tail_areas(level, sides)
    misses = trials - hits
    low, high = np.zeros(hits.shape), np.ones(hits.shape)
    if below > 0:
        some = hits > 0
        low[some] = special.betaincinv(hits[some], misses[some] + 1, below)
    if above > 0:
        some = misses > 0
        high[some] = special.betaincinv(hits[some] + 1, misses[some], 1 - above)
    return low, high


def exact_rate(k: int, n: int, level: float = 0.95, sides: Sides = "two") -> Interval:
    """Return the Clopper-Pearson interval of a rate; it covers at least ``level`` at any rate.

    For independent trials only; for transcripts that share a scenario use ``clustered_rate``.
    With no trials the interval is [0, 1] and says so in ``note``.

    Raises:
        GaugeblockError: ``k`` > ``n``, a negative or non-whole count, a level outside (0, 1).

    Source: Clopper and Pearson 1934; Brown, Cai and DasGupta 2001, eq. (4.1.2).
    """
    hits, trials = check_hits(k, n)
    level, sides = check_fraction(level, "level"), check_sides(sides)
    if trials == 0:
        return no_trials("clopper-pearson", level, sides)
    low, high = exact_limits(hits, trials, level, sides)
    return Interval(
        low=float(low),
        high=float(high),
        level=level,
        method="clopper-pearson",
        sides=sides,
        estimate=hits / trials,
        k=hits,
        n=trials,
    )


def no_trials(method: str, level: float, sides: Sides, clusters: int | None = None) -> Interval:
    """Return [0, 1], the interval of a rate of which nothing was observed."""
    return Interval(
        low=0.0,
        high=1.0,
        level=level,
        method=method,
        sides=sides,
        k=0,
        n=0,
        clusters=clusters,
        note="no trials: nothing is known of the rate",
    )
