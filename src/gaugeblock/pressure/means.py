"""Means of numbers without bounds, over prompts."""

from __future__ import annotations

import numpy as np

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.stats import Interval

RESAMPLES = 1000


def mean_over_prompts(values: Floats, groups: Ints, level: float, seed: int) -> Interval:
    """Return a mean with a percentile bootstrap interval whose unit is the prompt.

    Args:
        values: shape (n,).
        groups: one code per row, shape (n,).
        level: nominal coverage.
        seed: of the bootstrap.

    Source: Efron and Tibshirani 1993, *An Introduction to the Bootstrap*, ch. 13.
    """
    _, codes = np.unique(groups, return_inverse=True)
    sums, sizes = np.bincount(codes, values), np.bincount(codes)
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, len(sums), (RESAMPLES, len(sums)))
    drawn = sums[rows].sum(axis=1) / sizes[rows].sum(axis=1)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(
        low=float(low),
        high=float(high),
        level=level,
        method="bootstrap-percentile over prompts",
        estimate=float(values.mean()),
        n=len(values),
        clusters=len(sums),
    )
