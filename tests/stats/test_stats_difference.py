import numpy as np
import pytest
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar

from gaugeblock.errors import GaugeblockError
from gaugeblock.stats import (
    cluster_permutation_test,
    clustered_difference,
    clustered_rate,
    exact_rate,
    mcnemar_exact,
    paired_difference,
)


def test_difference_is_mover_of_the_two_intervals() -> None:
    hits_a, hits_b, sizes = [3, 5, 4, 2], [0, 1, 0, 1], [5] * 4
    a, b = clustered_rate(hits_a, sizes), clustered_rate(hits_b, sizes)
    gap = clustered_difference(hits_a, sizes, hits_b, sizes)
    assert a.estimate is not None
    assert b.estimate is not None
    assert gap.estimate == pytest.approx(0.6)
    assert gap.low == pytest.approx(0.6 - np.hypot(a.estimate - a.low, b.high - b.estimate))
    assert gap.high == pytest.approx(
        min(1.0, 0.6 + np.hypot(a.high - a.estimate, b.estimate - b.low))
    )


def test_no_hits_on_either_side_still_leave_room_for_a_difference() -> None:
    gap = clustered_difference([0] * 30, [1] * 30, [0] * 30, [1] * 30)
    bound = exact_rate(0, 30).high
    assert (gap.low, gap.high) == pytest.approx((-bound, bound))


@pytest.mark.parametrize("difference", [clustered_difference, paired_difference])
def test_swapping_the_arms_turns_the_sign(difference) -> None:
    a, b, sizes = [3, 0, 4, 2, 1, 5], [1, 1, 0, 1, 0, 4], [5] * 6
    one, other = difference(a, sizes, b, sizes), difference(b, sizes, a, sizes)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_pairing_gains_where_scenarios_explain_the_outcome() -> None:
    a = [5] * 30 + [0] * 70
    b = [5] * 25 + [0] * 75
    paired = paired_difference(a, [5] * 100, b, [5] * 100)
    apart = clustered_difference(a, [5] * 100, b, [5] * 100)
    assert paired.high - paired.low < 0.7 * (apart.high - apart.low)
    assert paired.contains(0.05)


def test_agreement_in_every_pair_does_not_prove_agreement() -> None:
    a = [1] * 30 + [0] * 70
    paired = paired_difference(a, [1] * 100, a, [1] * 100)
    assert paired.estimate == 0.0
    # As many unseen disagreements as an exact bound on 0 of 100 allows at the same confidence.
    assert paired.high > 1 - 0.2 ** (1 / 100)


def test_arms_without_trials_say_nothing() -> None:
    for empty in (
        clustered_difference([], [], [1], [2]),
        paired_difference([0, 1], [0, 2], [1, 0], [2, 0]),
    ):
        assert (empty.low, empty.high) == (-1.0, 1.0)
        assert empty.note


def test_unpaired_clusters_are_left_out_of_a_pairing_and_noted() -> None:
    gap = paired_difference([1, 2, 0], [3, 3, 0], [0, 1, 2], [3, 3, 3])
    assert gap.clusters == 2
    assert "1 clusters not tried under both" in gap.note


def test_pairing_refuses_arms_of_different_length() -> None:
    with pytest.raises(GaugeblockError) as error:
        paired_difference([1, 2], [3, 3], [1], [3])
    assert error.value.where == "hits_b"
    with pytest.raises(GaugeblockError):
        cluster_permutation_test([1, 2], [3, 3], [1], [3], paired=True)
    with pytest.raises(GaugeblockError) as error:
        clustered_difference([1], [3], [4], [3])
    assert error.value.where == "hits_b[0]"


@pytest.mark.parametrize(("b", "c"), [(3, 12), (0, 5), (7, 7), (0, 0), (40, 25), (1, 0)])
def test_mcnemar_agrees_with_statsmodels_and_scipy(b: int, c: int) -> None:
    ours = mcnemar_exact(b, c)
    assert ours.p_value == pytest.approx(
        min(1.0, mcnemar([[10, b], [c, 10]], exact=True).pvalue), abs=1e-9
    )
    if b + c:
        assert ours.p_value == pytest.approx(binomtest(b, b + c, 0.5).pvalue, abs=1e-9)


def test_sign_flip_enumerates_few_pairs_and_equals_mcnemar_on_binary_ones() -> None:
    a, b = [1] * 9 + [0] * 2 + [1, 0], [0] * 9 + [1] * 2 + [1, 0]
    flipped = cluster_permutation_test(a, [1] * 13, b, [1] * 13, paired=True)
    assert flipped.exact
    assert flipped.permutations == 2**11
    assert flipped.p_value == pytest.approx(mcnemar_exact(9, 2).p_value, abs=1e-12)


def test_sampled_sign_flip_is_near_the_enumerated_one_and_repeats_with_its_seed() -> None:
    a, b = [1] * 16 + [0] * 6, [0] * 16 + [1] * 6
    once = cluster_permutation_test(a, [1] * 22, b, [1] * 22, paired=True, seed=1)
    again = cluster_permutation_test(a, [1] * 22, b, [1] * 22, paired=True, seed=1)
    assert once == again
    assert not once.exact
    assert once.p_value == pytest.approx(mcnemar_exact(16, 6).p_value, abs=0.01)


def test_unpaired_permutation_moves_clusters_not_transcripts() -> None:
    # 40 hits of 40 against none look certain until one sees that each arm is two scenarios.
    few = cluster_permutation_test([20, 20], [20, 20], [0, 0], [20, 20], paired=False)
    assert few.p_value > 0.25
    many = cluster_permutation_test([1] * 20, [1] * 20, [0] * 20, [1] * 20, paired=False)
    assert many.p_value == pytest.approx(1e-4)


def test_permutation_keeps_its_level_under_the_null() -> None:
    rng = np.random.default_rng(3)
    sizes = [5] * 12
    p = []
    for seed in range(300):
        a, b = rng.binomial(5, rng.beta(0.7, 1.6, (2, 12))).tolist()
        test = cluster_permutation_test(
            a, sizes, b, sizes, paired=False, permutations=199, seed=seed
        )
        p.append(test.p_value)
    assert np.mean(np.asarray(p) <= 0.1) < 0.15


def test_permutation_without_information_is_not_evidence() -> None:
    assert cluster_permutation_test([1], [2], [1], [2], paired=True).p_value == 1.0
    assert cluster_permutation_test([], [], [1], [2], paired=False).p_value == 1.0
    with pytest.raises(GaugeblockError):
        cluster_permutation_test([1], [2], [1], [2], paired=True, permutations=10)
