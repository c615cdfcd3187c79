"""The difference of two clustered rates, from the interval of each.

MOVER (method of variance estimates recovery), Zou and Donner 2008, Statist. Med. 27:1693,
eq. (2) and (3); with Wilson limits it is Newcombe's method 10 (1998, Statist. Med. 17:873). Here
the limits are those of ``clustered_rate``. The paired form follows Zou, Huang and Zhang 2009,
Comput. Stat. Data Anal. 53:1080, eq. (6).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from gaugeblock.errors import GaugeblockError
from gaugeblock.stats.binomial import exact_limits
from gaugeblock.stats.clustered import clustered_limits
from gaugeblock.stats.interval import Interval
from gaugeblock.stats.validation import check_clusters, check_fraction

PAIR_CONFIDENCE = 0.8
"""One-sided confidence of the limits put in for the correlation of paired rates."""


def difference_limits(
    hits_a: NDArray[np.float64],
    sizes_a: NDArray[np.float64],
    hits_b: NDArray[np.float64],
    sizes_b: NDArray[np.float64],
    level: float,
    correlation: NDArray[np.float64] | float = 0.0,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return MOVER limits of rate a - rate b.

    Args:
        hits_a: hits per cluster, shape (..., clusters of a); likewise ``hits_b``.
        sizes_a: trials per cluster, shape (clusters of a,), all > 0; likewise ``sizes_b``.
        hits_b: see ``hits_a``.
        sizes_b: see ``sizes_a``.
        level: nominal coverage, two-sided.
        correlation: of the two estimated rates, shape (...).

    Returns:
        Lower and upper limits in [-1, 1], each of shape (...).
    """
    low_a, high_a, _ = clustered_limits(hits_a, sizes_a, level, "two")
    low_b, high_b, _ = clustered_limits(hits_b, sizes_b, level, "two")
    rate_a, rate_b = hits_a.sum(-1) / sizes_a.sum(), hits_b.sum(-1) / sizes_b.sum()
    gap = rate_a - rate_b

    def reach(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.sqrt(np.maximum(x**2 + y**2 - 2 * correlation * x * y, 0.0))

    low = gap - reach(rate_a - low_a, high_b - rate_b)
    high = gap + reach(high_a - rate_a, rate_b - low_b)
    return np.clip(low, -1.0, 1.0), np.clip(high, -1.0, 1.0)


def cautious_correlation(
    hits_a: NDArray[np.float64],
    sizes_a: NDArray[np.float64],
    hits_b: NDArray[np.float64],
    sizes_b: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return a low estimate of the correlation of two rates over shared clusters.

    A positive one must show in the variance of the clusters' differences, taken at an upper
    limit: their mean square is the mean of numbers in [0, 1], bounded as if they were Bernoulli.
    So conditions that agreed in every cluster seen are not taken to agree in all. Else it is
    Fisher's z lower limit, if below 0. 0 where one arm does not vary. Shapes as in
    ``difference_limits``.
    """
    rate_a, rate_b = hits_a / sizes_a, hits_b / sizes_b
    gap = rate_a - rate_b
    clusters = len(sizes_a)
    _, square = exact_limits((gap**2).sum(-1), clusters, PAIR_CONFIDENCE, "upper")
    var_a, var_b = rate_a.var(-1), rate_b.var(-1)
    varies = (var_a > 0) & (var_b > 0)
    scale = 2 * np.sqrt(np.where(varies, var_a * var_b, 1.0))
    shown = (var_a + var_b - square + gap.mean(-1) ** 2) / scale
    opposed = np.full(shown.shape, -1.0)
    # Fisher's limit is defined from four clusters on; with fewer, nothing speaks against -1.
    if clusters > 3:
        seen = (var_a + var_b - gap.var(-1)) / scale
        z = np.arctanh(np.clip(seen, -0.999999, 0.999999))
        limit = np.tanh(z - special.ndtri(PAIR_CONFIDENCE) / np.sqrt(clusters - 3))
        opposed = np.minimum(limit, 0.0)
    return np.where(varies, np.clip(np.maximum(shown, opposed), -1.0, 1.0), 0.0)


def clustered_difference(
    hits_a: Sequence[int],
    sizes_a: Sequence[int],
    hits_b: Sequence[int],
    sizes_b: Sequence[int],
    level: float = 0.95,
) -> Interval:
    """Return an interval for rate a - rate b, the two arms having clusters of their own.

    Args:
        hits_a: hits per cluster of arm a; likewise ``hits_b``.
        sizes_a: trials per cluster of arm a; likewise ``sizes_b``.
        hits_b: see ``hits_a``.
        sizes_b: see ``sizes_a``.
        level: nominal coverage.

    Returns:
        Limits in [-1, 1]; [-1, 1] with a note where an arm has no trials.

    Raises:
        GaugeblockError: lengths differ or impossible counts.

    Source: Zou and Donner 2008, eq. (2) and (3).
    """
    h_a, s_a = _kept(*check_clusters(hits_a, sizes_a, "hits_a", "sizes_a"))
    h_b, s_b = _kept(*check_clusters(hits_b, sizes_b, "hits_b", "sizes_b"))
    level = check_fraction(level, "level")
    method = "clustered-mover"
    if not (len(s_a) and len(s_b)):
        return _nothing(method, level)
    low, high = difference_limits(h_a, s_a, h_b, s_b, level)
    return Interval(
        low=float(low),
        high=float(high),
        level=level,
        method=method,
        estimate=float(h_a.sum() / s_a.sum() - h_b.sum() / s_b.sum()),
        clusters=len(s_a) + len(s_b),
    )


def paired_difference(
    hits_a: Sequence[int],
    sizes_a: Sequence[int],
    hits_b: Sequence[int],
    sizes_b: Sequence[int],
    level: float = 0.95,
) -> Interval:
    """Return an interval for rate a - rate b where cluster i of both arms is the same scenario.

    What the pairing gains enters through a cautious correlation of the two rates. With few
    clusters too little is known of it, and the interval is as wide as ``clustered_difference``
    or wider.

    Args:
        hits_a: hits per cluster under condition a; likewise ``hits_b``, in the same order.
        sizes_a: trials per cluster under condition a; likewise ``sizes_b``.
        hits_b: see ``hits_a``.
        sizes_b: see ``sizes_a``.
        level: nominal coverage.

    Returns:
        Limits in [-1, 1]. Clusters without a trial under either condition are left out and noted;
        [-1, 1] where none is left.

    Raises:
        GaugeblockError: numbers of clusters differ or impossible counts.

    Source: Zou, Huang and Zhang 2009, eq. (6).
    """
    h_a, s_a = check_clusters(hits_a, sizes_a, "hits_a", "sizes_a")
    h_b, s_b = check_clusters(hits_b, sizes_b, "hits_b", "sizes_b")
    check_pairing(len(s_a), len(s_b))
    level = check_fraction(level, "level")
    kept = (s_a > 0) & (s_b > 0)
    method = "paired-mover"
    if not kept.any():
        return _nothing(method, level)
    a, n_a, b, n_b = (x[kept].astype(float) for x in (h_a, s_a, h_b, s_b))
    low, high = difference_limits(a, n_a, b, n_b, level, cautious_correlation(a, n_a, b, n_b))
    dropped = int((~kept).sum())
    return Interval(
        low=float(low),
        high=float(high),
        level=level,
        method=method,
        estimate=float(a.sum() / n_a.sum() - b.sum() / n_b.sum()),
        clusters=int(kept.sum()),
        note=f"{dropped} clusters not tried under both conditions left out" if dropped else "",
    )


def check_pairing(clusters_a: int, clusters_b: int) -> None:
    """Raise GaugeblockError unless both arms have the same number of clusters."""
    if clusters_a != clusters_b:
        raise GaugeblockError(
            f"{clusters_a} clusters under a but {clusters_b} under b",
            where="hits_b",
            remedy="Pass the same clusters in the same order, with size 0 where one was not tried",
        )


def _kept(
    hits: NDArray[np.int64], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    kept = sizes > 0
    return hits[kept].astype(float), sizes[kept].astype(float)


def _nothing(method: str, level: float) -> Interval:
    return Interval(
        low=-1.0,
        high=1.0,
        level=level,
        method=method,
        clusters=0,
        note="an arm has no trials: nothing is known of the difference",
    )
