import numpy as np
import pytest
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

from gaugeblock.errors import GaugeblockError
from gaugeblock.stats import RateEProcess, benjamini_hochberg, holm


def stopping_time(process: RateEProcess, value: float, most: int) -> int:
    for i in range(1, most + 1):
        process.update(value)
        if process.rejected:
            return i
    return most + 1


def test_no_failures_end_the_search_a_little_later_than_a_fixed_design() -> None:
    # A fixed design needs 299 to show a rate below .01.
    assert 299 < stopping_time(RateEProcess(0.01), 0.0, 1000) < 500
    assert stopping_time(RateEProcess(0.5, alternative="above"), 1.0, 100) < 20


def test_the_bound_and_the_test_agree_and_the_bound_never_loosens() -> None:
    process = RateEProcess(0.2)
    rng = np.random.default_rng(1)
    best, last = 0.0, 1.0
    for x in rng.random(300) < 0.05:
        best = max(best, process.update(float(x)))
        bound = process.interval()
        assert bound.high <= last
        assert process.rejected == (bound.high <= 0.2 + 1e-9)
        assert process.rejected == (best >= 20 * (1 - 1e-9))
        last = bound.high
    assert process.rejected
    assert process.observations == 300
    assert process.interval().low == 0.0


def test_above_mirrors_below() -> None:
    below, above = RateEProcess(0.3), RateEProcess(0.7, alternative="above")
    for x in (0.0, 1.0, 0.25, 0.0, 0.0):
        assert below.update(x) == pytest.approx(above.update(1 - x))
    assert below.interval().high == pytest.approx(1 - above.interval().low)


def test_false_alarms_stay_under_the_level_though_every_look_counts() -> None:
    rng = np.random.default_rng(2)
    false = 0
    for _ in range(200):
        process = RateEProcess(0.1, level=0.9)
        false += any(process.update(float(x)) >= 10 for x in rng.random(150) < 0.1)
    assert false / 200 <= 0.1


def test_bad_observations_are_refused() -> None:
    for bad in (-0.1, 1.1, float("nan")):
        with pytest.raises(GaugeblockError) as error:
            RateEProcess(0.1).update(bad)
        assert error.value.where == "value"
    with pytest.raises(GaugeblockError):
        RateEProcess(0.0)
    with pytest.raises(GaugeblockError):
        RateEProcess(0.1, alternative="beside")  # type: ignore[arg-type]
    assert RateEProcess(0.1).interval().high == 1.0


@pytest.mark.parametrize("p", [[0.01, 0.04, 0.03], [0.5], [0.2, 0.2, 0.001, 1.0, 0.0], []])
def test_adjusted_p_values_agree_with_statsmodels_and_scipy(p: list[float]) -> None:
    if p:
        assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-9)
        assert benjamini_hochberg(p) == pytest.approx(
            multipletests(p, method="fdr_bh")[1], abs=1e-9
        )
        assert benjamini_hochberg(p) == pytest.approx(false_discovery_control(p), abs=1e-12)
    else:
        assert holm(p) == benjamini_hochberg(p) == []


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_impossible_p_values_are_named(adjust) -> None:
    with pytest.raises(GaugeblockError) as error:
        adjust([0.1, float("nan")])
    assert error.value.where == "p_values[1]"
