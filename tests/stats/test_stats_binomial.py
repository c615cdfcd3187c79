import numpy as np
import pytest
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from gaugeblock.errors import GaugeblockError
from gaugeblock.stats import Interval, exact_rate, jeffreys_rate, wilson_rate

COUNTS = [(0, 1), (1, 1), (0, 20), (1, 20), (7, 20), (20, 20), (3, 100), (0, 300), (499, 1000)]
RATES = [exact_rate, wilson_rate, jeffreys_rate]


@pytest.mark.parametrize(("k", "n"), COUNTS)
@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_exact_agrees_with_scipy_and_statsmodels(k: int, n: int, level: float) -> None:
    ours = exact_rate(k, n, level)
    theirs = binomtest(k, n).proportion_ci(level, method="exact")
    low, high = proportion_confint(k, n, 1 - level, method="beta")
    assert ours.low == pytest.approx(theirs.low, abs=1e-9)
    assert ours.high == pytest.approx(theirs.high, abs=1e-9)
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=1e-9)


@pytest.mark.parametrize(("k", "n"), [*COUNTS, (4, 10), (3, 20), (50, 51)])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_wilson_agrees_with_scipys_continuity_corrected_one(k: int, n: int, level: float) -> None:
    ours = wilson_rate(k, n, level)
    theirs = binomtest(k, n).proportion_ci(level, method="wilsoncc")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize(("k", "n"), COUNTS)
def test_jeffreys_agrees_with_statsmodels_inside_the_end_points(k: int, n: int) -> None:
    ours = jeffreys_rate(k, n)
    low, high = proportion_confint(k, n, 0.05, method="jeffreys")
    assert ours.low == (0.0 if k == 0 else pytest.approx(low, abs=1e-9))
    assert ours.high == (1.0 if k == n else pytest.approx(high, abs=1e-9))


def test_zero_hits_give_the_rule_of_three() -> None:
    bound = exact_rate(0, 300, sides="upper")
    assert bound.low == 0.0
    assert bound.high == pytest.approx(1 - 0.05 ** (1 / 300), abs=1e-12)
    assert bound.estimate == 0.0


@pytest.mark.parametrize("rate", RATES)
def test_one_sided_limits_are_those_of_the_two_sided_interval_at_twice_the_error(rate) -> None:
    two, upper, lower = rate(7, 40, 0.9), rate(7, 40, sides="upper"), rate(7, 40, sides="lower")
    assert upper.high == pytest.approx(two.high, abs=1e-12)
    assert lower.low == pytest.approx(two.low, abs=1e-12)
    assert (upper.low, lower.high) == (0.0, 1.0)


@pytest.mark.parametrize("rate", RATES)
def test_hits_and_misses_mirror_each_other(rate) -> None:
    for k in range(21):
        one, other = rate(k, 20), rate(20 - k, 20)
        assert one.low == pytest.approx(1 - other.high, abs=1e-12)
        assert one.low <= k / 20 <= one.high


@pytest.mark.parametrize("rate", RATES)
def test_no_trials_say_nothing_and_say_so(rate) -> None:
    empty = rate(0, 0)
    assert (empty.low, empty.high, empty.k, empty.n) == (0.0, 1.0, 0, 0)
    assert empty.estimate is None
    assert "no trials" in empty.note


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"k": 4, "n": 3}, "k"),
        ({"k": -1, "n": 3}, "k"),
        ({"k": 1, "n": -3}, "n"),
        ({"k": float("nan"), "n": 3}, "k"),
        ({"k": 1.5, "n": 3}, "k"),
        ({"k": 1, "n": 3, "level": 1.0}, "level"),
        ({"k": 1, "n": 3, "level": 95}, "level"),
        ({"k": 1, "n": 3, "level": float("nan")}, "level"),
        ({"k": 1, "n": 3, "sides": "both"}, "sides"),
    ],
)
def test_bad_input_names_the_field_and_the_remedy(rate, arguments, field: str) -> None:
    with pytest.raises(GaugeblockError) as error:
        rate(**arguments)
    assert error.value.where == field
    assert error.value.remedy


def test_numpy_counts_are_counts_and_the_record_is_plain_json() -> None:
    interval = exact_rate(np.int64(3), np.int32(10))
    assert interval == exact_rate(3, 10)
    assert Interval.model_validate_json(interval.model_dump_json()) == interval
    assert interval.contains(0.3)
    assert not interval.contains(0.9)
