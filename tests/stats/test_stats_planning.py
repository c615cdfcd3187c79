import numpy as np
import pytest

from gaugeblock.errors import GaugeblockError
from gaugeblock.stats import (
    clustered_rate,
    clustered_worst_case_bounds,
    detectable_rate,
    exact_rate,
    upper_bound_if_zero,
    worst_case_bounds,
)


def test_upper_bound_if_zero_is_what_the_audit_will_print() -> None:
    assert upper_bound_if_zero(1000, 50) == pytest.approx(
        clustered_rate([0] * 50, [20] * 50, sides="upper").high
    )
    assert upper_bound_if_zero(300, 300) == pytest.approx(exact_rate(0, 300, sides="upper").high)
    # 1,000 transcripts of 50 scenarios at correlation .3 are worth 149.
    assert upper_bound_if_zero(1000, 50, icc=0.3) == pytest.approx(0.020, abs=2e-4)


def test_detectable_rate_is_found_with_the_power_promised() -> None:
    rng = np.random.default_rng(0)
    for rho in (0.0, 0.3):
        rate = detectable_rate(200, 40, power=0.8, icc=rho)
        total = np.inf if rho == 0 else 1 / rho - 1
        rates = (
            np.full((20000, 40), rate)
            if rho == 0
            else rng.beta(rate * total, (1 - rate) * total, (20000, 40))
        )
        found = (rng.binomial(5, rates).sum(1) > 0).mean()
        assert found >= 0.79


def test_detectable_rate_above_a_false_alarm_rate() -> None:
    rate = detectable_rate(100, 100, above=0.05, icc=0.0)
    rng = np.random.default_rng(0)
    k = rng.binomial(100, rate, 4000)
    lows = np.asarray([exact_rate(int(x), 100, sides="lower").low for x in range(101)])
    assert (lows[k] > 0.05).mean() == pytest.approx(0.8, abs=0.02)
    assert detectable_rate(2, 2, above=0.5) == 1.0
    assert detectable_rate(100, 100) < rate


def test_fewer_scenarios_detect_less() -> None:
    assert detectable_rate(1000, 20) > detectable_rate(1000, 200) > detectable_rate(1000, 1000)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"n": 5, "clusters": 6}, "clusters"),
        ({"n": 5, "clusters": 0}, "clusters"),
        ({"n": 5, "clusters": 5, "icc": 2.0}, "icc"),
        ({"n": 5, "clusters": 5, "level": 1.0}, "level"),
    ],
)
def test_impossible_designs_are_refused(arguments, field: str) -> None:
    for plan in (detectable_rate, upper_bound_if_zero):
        with pytest.raises(GaugeblockError) as error:
            plan(**arguments)
        assert error.value.where == field


def test_worst_case_counts_the_unjudged_both_ways() -> None:
    bounds = worst_case_bounds(3, 90, 100)
    assert bounds.none_bad == exact_rate(3, 100)
    assert bounds.all_bad == exact_rate(13, 100)
    assert (bounds.low, bounds.high, bounds.unjudged) == (
        exact_rate(3, 100).low,
        exact_rate(13, 100).high,
        10,
    )
    assert worst_case_bounds(3, 100, 100).high == exact_rate(3, 100).high
    nothing = worst_case_bounds(0, 0, 50)
    assert (nothing.low, nothing.high) == (0.0, 1.0)
    assert worst_case_bounds(0, 0, 0).high == 1.0


def test_worst_case_by_cluster() -> None:
    bounds = clustered_worst_case_bounds([1, 0, 0], [4, 5, 0], [5, 5, 5])
    assert bounds.none_bad == clustered_rate([1, 0, 0], [5, 5, 5])
    assert bounds.all_bad == clustered_rate([2, 0, 5], [5, 5, 5])
    assert bounds.unjudged == 6


def test_worst_case_refuses_impossible_ledgers() -> None:
    with pytest.raises(GaugeblockError) as error:
        worst_case_bounds(3, 101, 100)
    assert error.value.where == "n_judged"
    with pytest.raises(GaugeblockError) as error:
        clustered_worst_case_bounds([1, 3], [4, 2], [5, 5])
    assert error.value.where == "hits[1]"
    with pytest.raises(GaugeblockError) as error:
        clustered_worst_case_bounds([1], [4, 2], [5, 5])
    assert error.value.where == "hits"
