"""Wilson's score interval with continuity correction.

Newcombe 1998, Statist. Med. 17:857, method 4. Without the correction the 95% interval covers
93.7 times in 100 at n = 100 and a rate of 0.3, and 92.1 times at a rate of 0.01.
"""

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
    """Return continuity-corrected Wilson limits elementwise; arguments as in ``exact_limits``."""
    hits, trials = np.broadcast_arrays(np.asarray(k, float), np.asarray(n, float))
    z = float(special.ndtri(1 - max(tail_areas(level, sides))))

    def lower(count: NDArray[np.float64]) -> NDArray[np.float64]:
        rate = count / trials
        inner = z * z - 2 - 1 / trials + 4 * rate * (trials * (1 - rate) + 1)
        # Negative only at a count of 0, where the limit is 0 by definition.
        root = z * np.sqrt(np.maximum(inner, 0.0))
        limit = (2 * count + z * z - 1 - root) / (2 * (trials + z * z))
        return np.where(count == 0, 0.0, np.maximum(limit, 0.0))

    low, high = lower(hits), 1 - lower(trials - hits)
    return (
        np.zeros_like(low) if sides == "upper" else low,
        np.ones_like(high) if sides == "lower" else high,
    )


def wilson_rate(k: int, n: int, level: float = 0.95, sides: Sides = "two") -> Interval:
    """Return the continuity-corrected Wilson interval: a little narrower than the exact one.

    For independent trials only. Closed form; close to ``exact_rate``, which alone is guaranteed.

    Raises:
        GaugeblockError: as ``exact_rate``.

    Source: Newcombe 1998, Statist. Med. 17:857, method 4.
    """
    hits, trials = check_hits(k, n)
    level, sides = check_fraction(level, "level"), check_sides(sides)
    if trials == 0:
        return no_trials("wilson-cc", level, sides)
    low, high = wilson_limits(hits, trials, level, sides)
    return Interval(
        low=float(low),
        high=float(high),
        level=level,
        method="wilson-cc",
        sides=sides,
        estimate=hits / trials,
        k=hits,
        n=trials,
    )
