"""Tests of whether two conditions differ: McNemar's exact test, and permutation by cluster."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.stats.difference import check_pairing
from gaugeblock.stats.validation import check_clusters, check_count

_EXACT_LIMIT = 16
"""Pairs up to which all 2^pairs sign patterns are enumerated."""


class TestResult(Record):
    """A p-value with its provenance.

    Attributes:
        p_value: two-sided.
        statistic: what was compared with its null distribution.
        method: name of the test.
        n: pairs or clusters that carried information.
        permutations: patterns compared, all of them where ``exact``; None for a closed form.
        exact: whether the null distribution was enumerated rather than sampled.
    """

    # pytest would otherwise try to collect this class by its name.
    __test__ = False

    p_value: float
    statistic: float
    method: str
    n: int
    permutations: int | None = None
    exact: bool = True


def mcnemar_exact(only_a: int, only_b: int) -> TestResult:
    """Return McNemar's exact test of paired binary outcomes, one pair per cluster.

    Args:
        only_a: pairs with a hit under a alone.
        only_b: pairs with a hit under b alone.

    Raises:
        GaugeblockError: impossible counts.

    Source: McNemar 1947, Psychometrika 12:153; the binomial form doubles the smaller tail.
    """
    a, b = check_count(only_a, "only_a"), check_count(only_b, "only_b")
    fewer, pairs = min(a, b), a + b
    p = 1.0 if a == b else min(1.0, 2 * float(special.bdtr(fewer, pairs, 0.5)))
    return TestResult(p_value=p, statistic=float(fewer), method="mcnemar-exact", n=pairs)


def cluster_permutation_test(
    hits_a: Sequence[int],
    sizes_a: Sequence[int],
    hits_b: Sequence[int],
    sizes_b: Sequence[int],
    *,
    paired: bool,
    permutations: int = 9999,
    seed: int = 0,
) -> TestResult:
    """Return a two-sided permutation test that moves whole clusters, never single trials.

    Paired: each cluster's difference of rates a - b keeps or flips its sign (all patterns up to
    16 differing clusters, else a sample). Unpaired: clusters are dealt anew to the two arms and
    the pooled rates compared.

    Args:
        hits_a: hits per cluster under a; likewise ``hits_b``.
        sizes_a: trials per cluster under a; likewise ``sizes_b``.
        hits_b: see ``hits_a``.
        sizes_b: see ``sizes_a``.
        paired: whether cluster i of both arms is the same scenario.
        permutations: sampled patterns, at least 99, where they are not enumerated.
        seed: of the sampling.

    Returns:
        p-value (1 + as extreme) / (1 + permutations) if sampled, else the exact share.

    Raises:
        GaugeblockError: lengths differ, impossible counts, or too few permutations.

    Source: Phipson and Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39, for the p-value; Gail et
    al. 1996, Statist. Med. 15:1069, for permuting clusters.
    """
    h_a, s_a = check_clusters(hits_a, sizes_a, "hits_a", "sizes_a")
    h_b, s_b = check_clusters(hits_b, sizes_b, "hits_b", "sizes_b")
    if check_count(permutations, "permutations") < 99:
        raise GaugeblockError(
            f"{permutations} permutations are too few",
            where="permutations",
            remedy="Use 99 or more",
        )
    rng = np.random.default_rng(seed)
    if paired:
        check_pairing(len(s_a), len(s_b))
        kept = (s_a > 0) & (s_b > 0)
        gaps = h_a[kept] / s_a[kept] - h_b[kept] / s_b[kept]
        return _sign_flip(gaps[gaps != 0], permutations, rng)
    return _deal_anew(h_a[s_a > 0], s_a[s_a > 0], h_b[s_b > 0], s_b[s_b > 0], permutations, rng)


def _sign_flip(
    gaps: NDArray[np.float64], permutations: int, rng: np.random.Generator
) -> TestResult:
    method, pairs = "cluster-sign-flip", len(gaps)
    observed = float(gaps.sum())
    if pairs == 0:
        return TestResult(p_value=1.0, statistic=0.0, method=method, n=0)
    exact = pairs <= _EXACT_LIMIT
    if exact:
        patterns = (np.arange(2**pairs)[:, None] >> np.arange(pairs)) & 1
    else:
        patterns = rng.integers(0, 2, (permutations, pairs))
    sums = (1 - 2 * patterns) @ gaps
    return _judge(observed, sums, method, pairs, exact)


def _deal_anew(
    h_a: NDArray[np.int64],
    s_a: NDArray[np.int64],
    h_b: NDArray[np.int64],
    s_b: NDArray[np.int64],
    permutations: int,
    rng: np.random.Generator,
) -> TestResult:
    method, clusters = "cluster-permutation", len(s_a) + len(s_b)
    if not (len(s_a) and len(s_b)):
        return TestResult(p_value=1.0, statistic=0.0, method=method, n=clusters)
    hits, sizes = np.concatenate([h_a, h_b]), np.concatenate([s_a, s_b])
    observed = float(h_a.sum() / s_a.sum() - h_b.sum() / s_b.sum())
    order = rng.permuted(np.tile(np.arange(clusters), (permutations, 1)), axis=1)
    first, second = order[:, : len(s_a)], order[:, len(s_a) :]
    gaps = hits[first].sum(1) / sizes[first].sum(1) - hits[second].sum(1) / sizes[second].sum(1)
    return _judge(observed, gaps, method, clusters, exact=False)


def _judge(
    observed: float, null: NDArray[np.float64], method: str, n: int, exact: bool
) -> TestResult:
    extreme = int((np.abs(null) >= abs(observed) - 1e-12).sum())
    p = extreme / len(null) if exact else (1 + extreme) / (1 + len(null))
    return TestResult(
        p_value=p, statistic=observed, method=method, n=n, permutations=len(null), exact=exact
    )
