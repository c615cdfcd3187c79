"""Fisher's one-sided exact test of two counts (1935, *The Design of Experiments*, 21.1)."""

from __future__ import annotations

import scipy


def fisher_above(k: int, n: int, other_k: int, other_n: int) -> float:
    """Return the p-value of k of n being no higher a rate than other_k of other_n."""
    table = [[k, n - k], [other_k, other_n - other_k]]
    return float(scipy.stats.fisher_exact(table, alternative="greater").pvalue)
