"""Pressures are explicit, and each acts in its own way and in no other."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.kinds import Mitigation, Pressure, PressureKind, RunRecord
from gaugeblock.pressure.seen import Seen
from gaugeblock.pressure.signals import chosen_run, kept, penalised, preferred, verdicts


class First:
    def score(self, activations):
        return np.asarray(activations)[:, 0]


SEEN = Seen(np.array([[-2.0, 0.0], [0.0, 9.0], [3.0, 0.0]]))


def pressure(kind: str, **more) -> Pressure:
    gradient = kind == "differentiable-penalty"
    return Pressure(kind=PressureKind(kind), through_gradient=gradient, **more)


def test_all_eight_kinds_survive_the_run_record() -> None:
    assert len(PressureKind) == 8
    for kind in PressureKind:
        more = {"retries": 4} if kind is PressureKind.retry_selection else {}
        record = RunRecord(cell="c", pressure=pressure(kind.value, **more), seed=1)
        assert RunRecord.model_validate_json(record.model_dump_json()) == record


def test_a_gradient_is_said_and_never_a_default() -> None:
    with pytest.raises(ValidationError, match="through_gradient"):
        Pressure(kind=PressureKind.live_reward)
    with pytest.raises(ValidationError, match="does not agree with kind live-reward"):
        Pressure(kind=PressureKind.live_reward, through_gradient=True)
    with pytest.raises(ValidationError, match="does not agree with kind differentiable-penalty"):
        Pressure(kind=PressureKind.differentiable_penalty, through_gradient=False)
    with pytest.raises(ValidationError, match="retries"):
        pressure("retry-selection")
    with pytest.raises(ValidationError, match="random labels"):
        pressure("none", control="random-labels")


def test_a_mitigation_says_all_it_needs_and_no_more() -> None:
    Mitigation(kind="split", layer=2, trunk="frozen")
    with pytest.raises(ValidationError, match="a split takes layer, trunk, given layer"):
        Mitigation(kind="split", layer=2)
    with pytest.raises(ValidationError, match=r"an? anchor takes weight"):
        Mitigation(kind="anchor", weight=0.5, layer=1)


def test_each_kind_acts_in_its_own_way() -> None:
    verdict = verdicts(First(), SEEN, threshold=0.0)
    assert verdict[1] == 0.5
    assert verdict[0] < 0.2 < 0.9 < verdict[2]
    reward = np.ones(3)
    assert penalised(pressure("live-reward", weight=2.0), reward, verdict) == pytest.approx(
        1 - 2 * verdict
    )
    assert penalised(pressure("none"), reward, verdict) is reward
    assert kept(pressure("screening"), verdict).tolist() == [True, True, False]
    label = pressure("preference-labels", weight=1.0)
    assert preferred(label, reward, verdict, [(2, 0), (0, 1), (1, 1)]) == [(0, 2), (0, 1)]
    retry = pressure("retry-selection", retries=3)
    assert chosen_run(retry, [0.2, 0.0, 0.0], [9.0, 1.0, 2.0]) == 2


def test_a_kind_is_refused_where_it_does_not_act() -> None:
    with pytest.raises(GaugeblockError, match="a screening pressure does not act this way"):
        penalised(pressure("screening"), np.ones(3), np.ones(3))
    with pytest.raises(GaugeblockError, match="differentiable-penalty pressure does not act"):
        penalised(pressure("differentiable-penalty"), np.ones(3), np.ones(3))
    with pytest.raises(GaugeblockError, match="2 runs where the pressure says 3"):
        chosen_run(pressure("retry-selection", retries=3), [0, 0], [1, 1])
    with pytest.raises(GaugeblockError, match="not finite"):
        verdicts(First(), Seen(np.array([[np.nan, 0.0]])), 0.0)
