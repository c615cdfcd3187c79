import numpy as np
import pytest
from scipy import stats

from gaugeblock.errors import GaugeblockError
from gaugeblock.stats import (
    jeffreys_rate,
    judge_corrected_clustered_rate,
    judge_corrected_rate,
    sensitivity_sweep,
    zero_hit_bound,
)


def test_lee_is_the_published_formula_worked_by_hand() -> None:
    # arXiv:2511.21140 at p = 60/200, sensitivity 45/50, specificity 90/100.
    z = stats.norm.ppf(0.975)
    p = (60 + z**2 / 2) / (200 + z**2)
    q1, q0 = 46 / 52, 91 / 102
    theta = (p + q0 - 1) / (q0 + q1 - 1)
    v1, v0 = q1 * (1 - q1) / 52, q0 * (1 - q0) / 102
    centre = theta + 2 * z**2 * (theta * v1 - (1 - theta) * v0)
    half = (
        z
        * np.sqrt(p * (1 - p) / (200 + z**2) + theta**2 * v1 + (1 - theta) ** 2 * v0)
        / (q0 + q1 - 1)
    )
    ours = judge_corrected_rate(60, 200, 45, 50, 90, 100)
    assert (ours.low, ours.high) == pytest.approx((centre - half, centre + half), abs=1e-12)
    assert ours.estimate == pytest.approx((0.3 + 0.9 - 1) / 0.8)


def test_bayes_agrees_with_a_sampled_posterior() -> None:
    rng = np.random.default_rng(0)
    draws = 2_000_000
    theta = rng.beta(0.5, 0.5, draws)
    sens, spec = rng.beta(45.5, 5.5, draws), rng.beta(90.5, 10.5, draws)
    bad = theta * sens + (1 - theta) * (1 - spec)
    weight = stats.binom.pmf(60, 200, bad)
    order = np.argsort(theta)
    cumulated = np.cumsum(weight[order]) / weight.sum()
    low, high = theta[order][np.searchsorted(cumulated, [0.025, 0.975])]
    ours = judge_corrected_rate(60, 200, 45, 50, 90, 100, method="bayes")
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=2e-3)


def test_bayes_with_a_perfect_judge_is_jeffreys() -> None:
    million = 10_000_000
    ours = judge_corrected_rate(7, 50, million, million, million, million, method="bayes")
    plain = jeffreys_rate(7, 50)
    assert (ours.low, ours.high) == pytest.approx((plain.low, plain.high), abs=2e-4)


@pytest.mark.parametrize("method", ["lee", "bayes"])
def test_false_alarms_alone_are_no_finding(method) -> None:
    assert judge_corrected_rate(5, 100, 45, 50, 95, 100, method=method).low == 0.0
    assert judge_corrected_rate(40, 100, 45, 50, 95, 100, method=method).low > 0.2


@pytest.mark.parametrize("method", ["lee", "bayes"])
def test_fewer_hits_than_false_alarms_never_bound_the_rate_at_zero(method) -> None:
    ours = judge_corrected_rate(5, 300, 85, 100, 90, 100, method=method)
    assert ours.high > 1 - 0.025 ** (1 / 300)
    assert "recalibrate" in ours.note


def test_more_hits_than_the_sensitivity_allows_are_noted() -> None:
    ours = judge_corrected_rate(95, 100, 25, 50, 50, 50)
    assert ours.low < 1.0
    assert "sensitivity" in ours.note


def test_hits_and_misses_mirror_each_other() -> None:
    for method in ("lee", "bayes"):
        one = judge_corrected_rate(30, 100, 45, 50, 90, 100, method=method)
        other = judge_corrected_rate(70, 100, 90, 100, 45, 50, method=method)
        assert one.low == pytest.approx(1 - other.high, abs=1e-4)


def test_one_sided_bounds() -> None:
    for method in ("lee", "bayes"):
        two = judge_corrected_rate(30, 100, 45, 50, 90, 100, 0.9, method=method)
        upper = judge_corrected_rate(30, 100, 45, 50, 90, 100, sides="upper", method=method)
        lower = judge_corrected_rate(30, 100, 45, 50, 90, 100, sides="lower", method=method)
        assert (upper.low, lower.high) == (0.0, 1.0)
        assert upper.high == pytest.approx(two.high, abs=1e-9)
        assert lower.low == pytest.approx(two.low, abs=1e-9)


def test_an_unmeasured_or_useless_judge_supports_nothing() -> None:
    unmeasured = judge_corrected_rate(3, 100, 0, 0, 50, 50)
    assert (unmeasured.low, unmeasured.high, unmeasured.estimate) == (0.0, 1.0, None)
    assert "sensitivity was not measured" in unmeasured.note
    useless = judge_corrected_rate(50, 100, 25, 50, 25, 50)
    assert (useless.low, useless.high, useless.estimate) == (0.0, 1.0, None)
    assert "chance" in useless.note
    clustered = judge_corrected_clustered_rate([1, 0], [5, 5], 0, 0, 0, 0)
    assert "sensitivity and specificity" in clustered.note
    assert judge_corrected_rate(0, 0, 5, 5, 5, 5).high == 1.0
    assert judge_corrected_clustered_rate([], [], 5, 5, 5, 5).high == 1.0


def test_plain_rogan_gladen_is_refused() -> None:
    with pytest.raises(GaugeblockError) as error:
        judge_corrected_rate(3, 100, 45, 50, 45, 50, method="rogan-gladen")  # type: ignore[arg-type]
    assert error.value.where == "method"
    with pytest.raises(GaugeblockError) as error:
        judge_corrected_rate(3, 100, 51, 50, 45, 50)
    assert error.value.where == "sens_k"


def test_clusters_of_one_give_the_unclustered_correction_and_clumps_widen_it() -> None:
    plain = judge_corrected_rate(30, 100, 45, 50, 90, 100)
    single = judge_corrected_clustered_rate([1] * 30 + [0] * 70, [1] * 100, 45, 50, 90, 100)
    assert (single.low, single.high) == pytest.approx((plain.low, plain.high))
    clumped = judge_corrected_clustered_rate([5] * 6 + [0] * 14, [5] * 20, 45, 50, 90, 100)
    assert clumped.high - clumped.low > 1.5 * (plain.high - plain.low)


def test_sweep_shows_what_a_flattered_sensitivity_would_hide() -> None:
    rows = sensitivity_sweep(30, 300, 85, 100, 95, 100, factors=(1.0, 0.5, 0.0))
    assert [row.factor for row in rows] == [1.0, 0.5, 0.0]
    assert rows[0].interval.high == judge_corrected_rate(30, 300, 85, 100, 95, 100).high
    assert rows[1].sensitivity == pytest.approx(0.425)
    assert rows[1].interval.high > 1.5 * rows[0].interval.high
    assert (rows[2].interval.low, rows[2].interval.high) == (0.0, 1.0)
    with pytest.raises(GaugeblockError) as error:
        sensitivity_sweep(30, 300, 85, 100, 95, 100, factors=(1.0, 1.5))
    assert error.value.where == "factors[1]"
    assert sensitivity_sweep(3, 30, 0, 0, 5, 5)[0].interval.high == 1.0


@pytest.mark.parametrize(
    ("sens_k", "sens_n", "high"), [(40, 50, 0.0056), (15, 20, 0.0072), (50, 50, 0.0040)]
)
def test_zero_hits_of_an_imperfect_judge(sens_k: int, sens_n: int, high: float) -> None:
    assert zero_hit_bound(1000, sens_k, sens_n).high == pytest.approx(high, abs=5e-5)


def test_zero_hit_bound_by_cluster_and_without_a_working_judge() -> None:
    assert zero_hit_bound(1000, 40, 50, clusters=50).high > 10 * zero_hit_bound(1000, 40, 50).high
    assert zero_hit_bound(1000, 0, 50).high == 1.0
    assert zero_hit_bound(0, 5, 5).high == 1.0
    assert zero_hit_bound(0, 5, 5).note
    with pytest.raises(GaugeblockError) as error:
        zero_hit_bound(10, 5, 5, clusters=11)
    assert error.value.where == "clusters"
