"""Jeffreys' equal-tailed interval. Brown, Cai and DasGupta 2001, section 3.1.2, eq. (8)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from gaugeblock.stats.binomial import no_trials, tail_areas
from gaugeblock.stats.interval import Interval, Sides
from gaugeblock.stats.validation import check_fraction, check_hits, check_sides


def jeffreys_limits(
    k: ArrayLike, n: ArrayLike, level: float, sides: Sides
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return quantiles of Beta(k + 1/2, n - k + 1/2); arguments as in ``exact_limits``."""
    hits, trials = np.broadcast_arrays(np.asarray(k, float), np.asarray(n, float))
    below, above = tail_areas(level, sides)
    a, b = hits + 0.5, trials - hits + 0.5
    low = np.where((hits == 0) | (below == 0), 0.0, special.betaincinv(a, b, below))
    high = np.where((hits == trials) | (above == 0), 1.0, special.betaincinv(a, b, 1 - above))
    return low, high


def jeffreys_rate(k: int, n: int, level: float = 0.95, sides: Sides = "two") -> Interval:
    """Return Jeffreys' credible interval of a rate, with 0 and 1 kept in where k is 0 or n.

    For independent trials only. Without that end-point rule (Brown et al. 2001, eq. 10) the
    interval would never contain a rate of 0.

    Raises:
        GaugeblockError: as ``exact_rate``.

    Source: Brown, Cai and DasGupta 2001, section 3.1.2.
    """
    hits, trials = check_hits(k, n)
    level, sides = check_fraction(level, "level"), check_sides(sides)
    if trials == 0:
        return no_trials("jeffreys", level, sides)
    low, high = jeffreys_limits(hits, trials, level, sides)
    return Interval(
        low=float(low),
        high=float(high),
        level=level,
        method="jeffreys",
        sides=sides,
        estimate=hits / trials,
        k=hits,
        n=trials,
    )
