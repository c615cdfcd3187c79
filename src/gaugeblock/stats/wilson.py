"""Wilson's score interval. Wilson 1927, JASA 22:209; Brown et al. 2001, eq. (4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from gaugeblock.stats.binomial import no_trials, tail_areas
from gaugeblock.stats.interval import Interval, Sides
from gaugeblock.stats.validation import check_fraction, check_hits, check_sides


def wilson_limits(
    k: ArrayLike, n: ArrayLike, level: float, sides: Sides
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Wilson's limits elementwise; arguments as in ``exact_limits``."""
    hits, trials = np.broadcast_arrays(np.asarray(k, float), np.asarray(n, float))
    z = float(special.ndtri(1 - max(tail_areas(level, sides))))
    rate = hits / trials
    centre = (rate + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * np.sqrt(rate * (1 - rate) / trials + (z / (2 * trials)) ** 2)
    # At k = 0 and k = n the limit is exactly 0 or 1; the formula leaves a rounding error.
    low = np.where((hits == 0) | (sides == "upper"), 0.0, centre - half)
    high = np.where((hits == trials) | (sides == "lower"), 1.0, centre + half)
    return low, high


def wilson_rate(k: int, n: int, level: float = 0.95, sides: Sides = "two") -> Interval:
    """Return Wilson's score interval of a rate: near nominal on average, narrower than exact.

    For independent trials only. It under-covers near its worst rates (one-sided use near 0 most),
    so claims use ``exact_rate``; this one is for plots and comparison.

    Raises:
        GaugeblockError: as ``exact_rate``.

    Source: Wilson 1927; Brown, Cai and DasGupta 2001, eq. (4).
    """
    hits, trials = check_hits(k, n)
    level, sides = check_fraction(level, "level"), check_sides(sides)
    if trials == 0:
        return no_trials("wilson", level, sides)
    low, high = wilson_limits(hits, trials, level, sides)
    return Interval(
        low=float(low),
        high=float(high),
        level=level,
        method="wilson",
        sides=sides,
        estimate=hits / trials,
        k=hits,
        n=trials,
    )
