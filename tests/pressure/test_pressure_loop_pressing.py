"""What each pressure does with a verdict, on numbers by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gaugeblock.detectors.lda import LDA
from gaugeblock.detectors.mlp import MLP
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.honeypot.detector import Detector
from gaugeblock.pressure.honeypot.places import belief, style
from gaugeblock.pressure.kinds import Mitigation, Pressure, Refresh
from gaugeblock.pressure.loop.losses import divergence, policy_gradient, preference
from gaugeblock.pressure.loop.pressing import Pressing
from gaugeblock.pressure.loop.routing import make_routes


def direction(weight: list[float], threshold: float = 0.0, name: str = "d") -> Detector:
    probe = LDA().restore({"weight": np.array(weight), "bias": np.array(0.0)}, None)
    return Detector(name, probe, belief(1), threshold, 1.0)


def pressing(kind: str, *team: Detector, rotate: bool = False, **more) -> Pressing:
    said = Pressure(kind=kind, through_gradient=kind == "differentiable-penalty", **more)
    return Pressing(said, team or (direction([1.0, 0.0]),), rotate=rotate, seed=0)


READ = np.array([[-50.0, 0.0], [50.0, 0.0], [0.0, 0.0], [50.0, 9.0]])
REWARD = np.array([0.6, 1.0, 0.0, 1.0])


def test_verdicts_come_back_in_the_order_of_the_samples() -> None:
    for step in range(5):
        assert np.allclose(pressing("live-reward").verdict(READ, step), [0, 1, 0.5, 1])


def test_reward_kinds_pay_less_for_what_is_flagged_and_none_does_not() -> None:
    verdict = np.array([0.0, 1.0, 0.5, 1.0])
    paid = pressing("live-reward", weight=0.8).advantage(REWARD, verdict, 4)
    worth = REWARD - 0.8 * verdict
    assert np.allclose(paid, worth - worth.mean())
    assert np.allclose(pressing("none").advantage(REWARD, verdict, 2), [-0.2, 0.2, -0.5, 0.5])


def test_screening_drops_samples_and_takes_the_mean_of_those_left() -> None:
    out = pressing("screening").advantage(REWARD, np.array([0.0, 1.0, 0.1, 0.9]), 4)
    assert np.allclose(out, [0.3, 0, -0.3, 0])
    assert not pressing("screening").advantage(REWARD, np.ones(4), 4).any()


def test_preferences_are_by_reward_less_verdict_within_a_group() -> None:
    found = pressing("preference-labels", weight=1.0)
    pairs = found.preferences(REWARD, np.array([0.0, 1.0, 0.0, 1.0]), 4)
    assert pairs == [(0, 1)]  # the second pair is a tie of 0 against 1 - 1
    assert found.preferences(REWARD, np.zeros(4), 4) == [(1, 0), (3, 2)]


def test_the_penalty_is_the_verdict_and_its_gradient_runs_into_activations_alone() -> None:
    one = pressing("differentiable-penalty")
    read = torch.tensor(READ[:3], dtype=torch.float32, requires_grad=True)
    value = one.penalty(read, 0)
    assert value.item() == pytest.approx(one.verdict(READ[:3], 0).mean(), abs=1e-6)
    value.backward()
    assert read.grad[2, 0] == pytest.approx(0.25 / 3)
    assert (read.grad[:, 1] == 0).all()
    with pytest.raises(GaugeblockError, match="no gradient"):
        pressing("live-reward").penalty(read, 0)


def test_detectors_take_turns_or_are_averaged() -> None:
    team = direction([1.0, 0.0]), direction([-1.0, 0.0], name="e")
    turns = [pressing("live-reward", *team, rotate=True).verdict(READ, s)[1] for s in range(3)]
    assert np.allclose(turns, [1, 0, 1])
    assert np.allclose(pressing("live-reward", *team).verdict(READ, 0), 0.5)


def test_own_flags_refit_the_detector_unless_they_are_all_alike() -> None:
    refresh = Refresh(every=1, on="own-flags", start="anew")
    rng = np.random.default_rng(0)
    read = rng.normal(size=(200, 2))
    read[:, 1] += 5 * (read[:, 0] > 0)
    one = pressing("live-reward", refresh=refresh)
    one.refit_on_own_flags(read)
    weight = one.team[0].probe.arrays["weight"]
    assert weight[1] > 0
    for threshold in (-1e9, 1e9):
        stays = pressing("live-reward", direction([1.0, 0.0], threshold), refresh=refresh)
        before = stays.team[0]
        stays.refit_on_own_flags(read)
        assert stays.team[0] is before


def test_what_cannot_be_pressed_with_is_refused() -> None:
    rng = np.random.default_rng(0)
    bent = MLP().fit(rng.normal(size=(40, 2)), np.repeat([0, 1], 20))
    with pytest.raises(GaugeblockError, match="not linear"):
        pressing("differentiable-penalty", Detector("m", bent, belief(1), 0.0, 1.0))
    other = direction([1.0, 0.0])
    elsewhere = Detector("s", other.probe, style(), 0.0, 1.0)
    with pytest.raises(GaugeblockError, match="different places"):
        pressing("live-reward", other, elsewhere)


def test_losses_by_hand() -> None:
    logp = torch.tensor([-1.0, -2.0], requires_grad=True)
    policy_gradient(logp, torch.tensor([1.0, -1.0])).backward()
    assert torch.allclose(logp.grad, torch.tensor([-0.5, 0.5]))
    start = torch.tensor([-1.0, -2.0], requires_grad=True)
    loss = preference(start, start.detach(), [(0, 1)], beta=0.5)
    assert loss.item() == pytest.approx(np.log(2) / 0.5)
    loss.backward()
    assert torch.allclose(start.grad, torch.tensor([-0.5, 0.5]))
    assert preference(start, start.detach(), []).item() == 0
    p, q = torch.tensor([[[0.5, 0.5]]]).log(), torch.tensor([[[0.9, 0.1]]]).log()
    wanted = 0.5 * np.log(0.5 / 0.9) + 0.5 * np.log(0.5 / 0.1)
    assert divergence(p, q).item() == pytest.approx(wanted)


def test_reward_moves_desires_alone_and_prediction_beliefs_alone() -> None:
    from honeypot_small import TINY

    from gaugeblock.pressure.honeypot.network import new_model

    model = new_model(TINY, 0)
    split = Mitigation(kind="split", layer=1, trunk="predictive-on-policy")
    routes = make_routes(model, split, "here")
    ids = torch.ones((2, 5), dtype=torch.int64)
    logits = model(input_ids=ids).logits
    routes.set_gradients(logits.sum(), 2 * model(input_ids=ids).logits.sum())
    whole = new_model(TINY, 0)
    whole(input_ids=ids).logits.sum().backward()
    wanted = {name: one.grad for name, one in whole.named_parameters()}
    beliefs = {id(one) for one in routes.beliefs}
    assert len(routes.trained) == len(wanted)
    for name, one in model.named_parameters():
        times = 2 if id(one) in beliefs else 1
        assert torch.allclose(one.grad, times * wanted[name], atol=1e-5)
        assert (times == 2) == name.startswith(("model.embed", "model.layers.0", "model.layers.1"))
