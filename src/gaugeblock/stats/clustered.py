"""The default interval of an audit: a rate of transcripts clustered by scenario.

Korn and Graubard 1998, Survey Methodology 24:193, put the effective sample size n / deff into
the Clopper-Pearson limits, with deff estimated. That fails when hits are rare: one hit cluster
says nothing of the intraclass correlation, its estimate is then near 0, and the bound is that
of independent trials. Here deff is taken at an *upper confidence limit* of the correlation, so
that what is not known about it widens the interval: with one hit cluster it is nearly 1 and the
bound is the one per cluster; with many it closes in on the true design effect.

The limit rests on the identity (Fleiss, Levin and Paik 2003, ch. 15) that given one hit, another
trial of its cluster is a hit with probability pi = p + icc (1 - p). Each cluster with hits gives
one observation of pi, a fraction in [0, 1]; treating these as Bernoulli is conservative, so an
exact upper limit of pi, and from it of the icc, follows from the number of hit clusters.
Measured coverage: docs/statistics.md and benchmarks/results/interval_coverage.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaugeblock.stats.binomial import exact_limits, no_trials
from gaugeblock.stats.interval import Interval, Sides
from gaugeblock.stats.validation import check_clusters, check_fraction, check_sides

METHOD = "clustered-clopper-pearson"

ICC_CONFIDENCE = 0.8
"""One-sided confidence of the upper limit put in for the intraclass correlation."""


def icc_upper_limit(
    hits: NDArray[np.float64], sizes: NDArray[np.float64], confidence: float = ICC_CONFIDENCE
) -> NDArray[np.float64]:
    """Return an upper confidence limit of the intraclass correlation.

    Args:
        hits: hits per cluster, shape (..., clusters).
        sizes: trials per cluster, shape (clusters,), all > 0.
        confidence: one-sided confidence of the limit.

    Returns:
        Limits in [0, 1], shape (...); 1 where the data say nothing of the correlation.
    """
    n = sizes.sum()
    # The correlation of hits is that of misses; the rarer of the two has fewer chance pairs.
    swap = 2 * hits.sum(-1, keepdims=True) > n
    rare = np.where(swap, sizes - hits, hits)
    pairs = rare * (sizes - 1)
    total = pairs.sum(-1)
    known = (total > 0) & (len(sizes) > 1)
    # Where nothing is known, 1 stands in for the divisors and the answer is overwritten.
    safe = np.where(known, total, 1.0)
    # Kish's effective number of hit clusters: one cluster with most of the hits counts as one.
    observed = np.where(known, safe**2 / np.where(known, (pairs**2).sum(-1), 1.0), 1.0)
    again = np.clip((rare * (rare - 1)).sum(-1) / safe, 0.0, 1.0)
    _, pi = exact_limits(again * observed, observed, confidence, "upper")
    rate = rare.sum(-1) / n
    return np.where(known, np.clip((pi - rate) / (1 - rate), 0.0, 1.0), 1.0)


def cautious_effective_n(
    hits: NDArray[np.float64], sizes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return n / deff with deff at the upper limit of the correlation; shapes as above.

    Where there is no hit, or no miss, it is the number of clusters: whatever the correlation,
    0 hits in m clusters have probability at most (1 - p)^m.
    """
    n, clusters = sizes.sum(), len(sizes)
    effect = 1 + icc_upper_limit(hits, sizes) * ((sizes**2).sum() / n - 1)
    k = hits.sum(-1)
    return np.where((k == 0) | (k == n), float(clusters), n / effect)


def clustered_limits(
    hits: NDArray[np.float64], sizes: NDArray[np.float64], level: float, sides: Sides
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return lower limits, upper limits and effective n, each of shape (...).

    A hit never lowers the upper limit: it is at least that of no hit in any cluster, although a
    few hits in separate clusters would tell that the correlation is not 1. Likewise for misses.
    """
    worth = cautious_effective_n(hits, sizes)
    rate = hits.sum(-1) / sizes.sum()
    # min: rate * worth may exceed worth by a rounding error where every trial is a hit.
    low, high = exact_limits(np.minimum(rate * worth, worth), worth, level, sides)
    _, least_high = exact_limits(0, len(sizes), level, sides)
    most_low, _ = exact_limits(len(sizes), len(sizes), level, sides)
    return np.minimum(low, most_low), np.maximum(high, least_high), worth


def clustered_rate(
    hits: Sequence[int], sizes: Sequence[int], level: float = 0.95, sides: Sides = "two"
) -> Interval:
    """Return an interval for a rate whose trials share clusters (transcripts of one scenario).

    The rate is that of a random trial of a random cluster; clusters must be independent and
    their sizes unrelated to their rates. Equal to ``exact_rate`` when every cluster has one
    trial. With no hits it is the exact bound on the number of clusters.

    Args:
        hits: hits per cluster, shape (clusters,).
        sizes: trials per cluster, same shape; clusters of size 0 are left out and noted.
        level: nominal coverage.
        sides: see Interval.

    Raises:
        GaugeblockError: lengths differ, impossible counts, a level outside (0, 1).

    Source: Korn and Graubard 1998 for the limits; the module's docstring for the design effect.
    """
    h_all, s_all = check_clusters(hits, sizes)
    level, sides = check_fraction(level, "level"), check_sides(sides)
    kept = s_all > 0
    h, s = h_all[kept].astype(float), s_all[kept].astype(float)
    if not len(s):
        return no_trials(METHOD, level, sides, clusters=0)
    low, high, worth = clustered_limits(h, s, level, sides)
    k, n = int(h.sum()), int(s.sum())
    notes = []
    if empty := int((~kept).sum()):
        notes.append(f"{empty} clusters without trials left out")
    if k in (0, n) and len(s) < n:
        notes.append("bound per cluster: the correlation within clusters cannot be estimated")
    return Interval(
        low=float(low),
        high=float(high),
        level=level,
        method=METHOD,
        sides=sides,
        estimate=k / n,
        k=k,
        n=n,
        clusters=len(s),
        effective_n=float(worth),
        note="; ".join(notes),
    )
