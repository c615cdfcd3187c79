"""How much trials that share a cluster are worth: ICC, design effect, effective n.

Kish 1965, *Survey Sampling*, section 5.4 (design effect); Fleiss, Levin and Paik 2003,
*Statistical Methods for Rates and Proportions*, eq. (15.4) (ANOVA estimator of the intraclass
correlation of a binary outcome).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaugeblock.errors import GaugeblockError
from gaugeblock.stats.validation import check_clusters, check_count, check_unit


def icc(hits: Sequence[int], sizes: Sequence[int]) -> float | None:
    """Return the ANOVA estimate of the intraclass correlation of a binary outcome.

    Args:
        hits: hits per cluster, shape (clusters,).
        sizes: trials per cluster, same shape; clusters of size 0 are left out.

    Returns:
        The estimate, clipped to [0, 1]; None where it cannot be estimated: no hits, no misses,
        fewer than two clusters, or no cluster with two trials.

    Raises:
        GaugeblockError: impossible counts.
    """
    h_all, s_all = check_clusters(hits, sizes)
    kept = s_all > 0
    h, s = h_all[kept].astype(float), s_all[kept].astype(float)
    n, m = s.sum(), len(s)
    if m < 2 or n == m or h.sum() in (0.0, n):
        return None
    between = (((h - s * h.sum() / n) ** 2) / s).sum() / (m - 1)
    within = (h * (s - h) / s).sum() / (n - m)
    typical = (n - (s**2).sum() / n) / (m - 1)
    estimate = (between - within) / (between + (typical - 1) * within)
    return float(np.clip(estimate, 0.0, 1.0))


def design_effect(icc: float, sizes: Sequence[int]) -> float:
    """Return the variance of a clustered rate over that of as many independent trials.

    Kish 1965: 1 + icc (b - 1), with b = sum(s^2) / sum(s), the size of a random trial's cluster.

    Args:
        icc: intraclass correlation, in [0, 1].
        sizes: trials per cluster; at least one trial.

    Raises:
        GaugeblockError: ``icc`` outside [0, 1], a bad size, or no trial at all.
    """
    rho = check_unit(icc, "icc")
    s = np.asarray([check_count(size, f"sizes[{i}]") for i, size in enumerate(sizes)], float)
    if s.sum() == 0:
        raise GaugeblockError(
            "no trials", where="sizes", remedy="Pass at least one cluster of size 1"
        )
    return float(1 + rho * ((s**2).sum() / s.sum() - 1))


def effective_n(sizes: Sequence[int], icc: float) -> float:
    """Return the number of independent trials that the clustered ones are worth.

    sum(sizes) / design_effect: all of them at ``icc`` 0, Kish's (sum s)^2 / sum s^2 at 1.

    Raises:
        GaugeblockError: as ``design_effect``.
    """
    return float(sum(sizes)) / design_effect(icc, sizes)
