import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaugeblock.errors import GaugeblockError
from gaugeblock.stats import clustered_rate, design_effect, effective_n, exact_rate, icc


@pytest.mark.parametrize(("k", "n"), [(0, 20), (1, 20), (7, 20), (20, 20), (3, 100), (0, 1)])
@pytest.mark.parametrize("sides", ["two", "upper", "lower"])
def test_clusters_of_one_give_the_exact_interval(k: int, n: int, sides) -> None:
    clustered = clustered_rate([1] * k + [0] * (n - k), [1] * n, sides=sides)
    exact = exact_rate(k, n, sides=sides)
    assert (clustered.low, clustered.high) == pytest.approx((exact.low, exact.high), abs=1e-12)
    assert (clustered.k, clustered.n, clustered.clusters) == (k, n, n)


def test_zero_hits_are_bounded_by_the_number_of_clusters_not_of_transcripts() -> None:
    bound = clustered_rate([0] * 50, [20] * 50, sides="upper")
    assert bound.high == pytest.approx(exact_rate(0, 50, sides="upper").high, abs=1e-12)
    assert bound.effective_n == 50
    assert "per cluster" in bound.note


def test_zero_hits_in_unequal_clusters_are_bounded_by_their_number() -> None:
    assert clustered_rate([0] * 3, [1, 2, 30]).high == pytest.approx(exact_rate(0, 3).high)


def test_one_hit_is_not_taken_as_proof_of_independence() -> None:
    one = clustered_rate([1] + [0] * 99, [10] * 100)
    assert one.high > 3 * exact_rate(1, 1000).high
    assert one.high >= clustered_rate([0] * 100, [10] * 100).high


def test_many_spread_hits_come_near_the_exact_interval_and_clumped_ones_do_not() -> None:
    exact = exact_rate(300, 1000)
    spread = clustered_rate([3] * 100, [10] * 100)
    clumped = clustered_rate([10] * 30 + [0] * 70, [10] * 100)
    per_cluster = exact_rate(30, 100)
    assert spread.high - spread.low < 1.25 * (exact.high - exact.low)
    assert clumped.high - clumped.low == pytest.approx(per_cluster.high - per_cluster.low, rel=0.02)


def test_a_single_cluster_is_one_trial() -> None:
    alone = clustered_rate([7], [20])
    assert alone.effective_n == pytest.approx(1.0)
    assert alone.high - alone.low > 0.9


def test_empty_clusters_are_left_out_and_noted() -> None:
    assert clustered_rate([1, 0, 2], [4, 0, 4]).note == "1 clusters without trials left out"
    assert clustered_rate([1, 0, 2], [4, 0, 4]).high == clustered_rate([1, 2], [4, 4]).high
    for nothing in (clustered_rate([], []), clustered_rate([0], [0])):
        assert (nothing.low, nothing.high, nothing.clusters) == (0.0, 1.0, 0)
        assert "no trials" in nothing.note


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=1, max_size=12))
def test_any_clusters_give_a_valid_mirrored_interval(pairs) -> None:
    hits, sizes = [h for h, _ in pairs], [h + more for h, more in pairs]
    ours = clustered_rate(hits, sizes)
    mirror = clustered_rate([s - h for h, s in zip(hits, sizes, strict=True)], sizes)
    n = sum(sizes)
    assert 0.0 <= ours.low <= ours.high <= 1.0
    if n:
        exact = exact_rate(sum(hits), n)
        assert ours.low <= sum(hits) / n <= ours.high
        assert ours.low <= exact.low + 1e-9
        assert ours.high >= exact.high - 1e-9
        # With as many hits as misses either may count as the rarer.
        if 2 * sum(hits) != n:
            assert ours.low == pytest.approx(1 - mirror.high, abs=1e-9)


@pytest.mark.parametrize(
    ("hits", "sizes", "field"),
    [
        ([1, 2], [3], "hits"),
        ([1, 4], [3, 3], "hits[1]"),
        ([1, -1], [3, 3], "hits[1]"),
        ([1, 1], [3, float("nan")], "sizes[1]"),
    ],
)
def test_bad_clusters_are_named(hits, sizes, field: str) -> None:
    with pytest.raises(GaugeblockError) as error:
        clustered_rate(hits, sizes)
    assert error.value.where == field
    assert error.value.remedy


def test_icc_is_found_where_it_can_be_and_none_where_it_cannot() -> None:
    rng = np.random.default_rng(0)
    rates = rng.beta(0.7, 0.7 * 7 / 3, 20000)  # mean .3, correlation .3
    assert icc(rng.binomial(5, rates).tolist(), [5] * 20000) == pytest.approx(0.3, abs=0.02)
    assert icc(rng.binomial(5, 0.3, 20000).tolist(), [5] * 20000) == pytest.approx(0.0, abs=0.02)
    assert icc([5, 0], [5, 5]) == pytest.approx(1.0)
    for hits, sizes in (([0, 0], [5, 5]), ([5, 5], [5, 5]), ([2], [5]), ([1, 0], [1, 1])):
        assert icc(hits, sizes) is None


def test_design_effect_is_kishs() -> None:
    assert design_effect(0.3, [20] * 50) == pytest.approx(6.7)
    assert effective_n([20] * 50, 0.3) == pytest.approx(1000 / 6.7)
    assert effective_n([1, 2, 3], 1.0) == pytest.approx(36 / 14)
    with pytest.raises(GaugeblockError) as error:
        design_effect(1.2, [3])
    assert error.value.where == "icc"
    with pytest.raises(GaugeblockError):
        effective_n([0], 0.5)
