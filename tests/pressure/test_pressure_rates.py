"""The parts of a change do not depend on the order in which text and activations are exchanged."""

from __future__ import annotations

import numpy as np
import pytest

from gaugeblock.detectors.metrics import auroc
from gaugeblock.pressure.rates import split_auroc, split_rate

N = 400


def corners(rr: float, rp: float, pr: float, pp: float) -> dict:
    rows = np.random.default_rng(0).permutation(N)
    return {
        name: rows < round(rate * N)
        for name, rate in {"rr": rr, "rp": rp, "pr": pr, "pp": pp}.items()
    }


def split(rates: tuple[float, float, float, float], what: str = "recall"):
    return split_rate(corners(*rates), np.arange(N), what=what, level=0.95, seed=0)


@pytest.mark.parametrize(
    "rates", [(1, 0.2, 0.8, 0.1), (0.9, 0.9, 0.4, 0.4), (1, 1, 1, 0), (0.7, 0.1, 0.6, 0.6)]
)
def test_the_parts_add_up_to_the_whole_and_are_means_over_both_orders(rates) -> None:
    rr, rp, pr, pp = rates
    found = split(rates)
    text = ((rr - pr) + (rp - pp)) / 2
    activations = ((rr - rp) + (pr - pp)) / 2
    assert found.by_text.estimate == pytest.approx(text)
    assert found.by_activations.estimate == pytest.approx(activations)
    assert text + activations == pytest.approx(found.loss.estimate)
    assert found.interaction == pytest.approx((rp + pr) - (rr + pp))
    for part in (found.loss, found.by_text, found.by_activations):
        assert part.low <= part.estimate <= part.high
    assert found.text_share.estimate == pytest.approx(text / (rr - pp))


def test_exchanging_the_names_of_text_and_activations_exchanges_the_parts() -> None:
    one, other = split((1, 0.2, 0.8, 0.1)), split((1, 0.8, 0.2, 0.1))
    assert one.by_text.model_dump() == other.by_activations.model_dump()
    assert one.by_activations.model_dump() == other.by_text.model_dump()


def test_a_rise_of_false_alarms_is_a_loss_and_no_loss_has_no_share() -> None:
    found = split((0.01, 0.01, 0.9, 0.95), "false alarms")
    assert found.loss.estimate == pytest.approx(0.94)
    assert found.by_text.estimate > 0.9
    same = split((0.9, 0.9, 0.9, 0.9))
    assert same.text_share is None
    assert same.loss.estimate == 0


def test_the_recorded_prototype_is_split_as_its_authors_split_it() -> None:
    # ../reference of the prototype: RR .991, RP 0, PR .981, PP 0: activations .986, text .005.
    found = split((0.99, 0.0, 0.98, 0.0))
    assert found.by_activations.estimate == pytest.approx(0.985)
    assert found.by_text.estimate == pytest.approx(0.005)


def test_the_limits_of_an_effect_hold_it() -> None:
    rng = np.random.default_rng(1)
    truth = {"rr": 0.9, "rp": 0.5, "pr": 0.7, "pp": 0.3}
    held = 0
    for _ in range(200):
        # Corners of one prompt go together, as they do where one text is read twice.
        draw = rng.random(150) * 0.7 + rng.random(150) * 0.3
        cut = {name: np.quantile(np.sort(_mixture()), rate) for name, rate in truth.items()}
        hits = {name: draw < cut[name] for name in truth}
        found = split_rate(hits, np.arange(150), what="recall", level=0.95, seed=0)
        held += found.by_text.low <= 0.2 <= found.by_text.high
    assert held >= 186


def _mixture() -> np.ndarray:
    grid = (np.arange(400) + 0.5) / 400
    return (grid[:, None] * 0.7 + grid[None, :] * 0.3).ravel()


def test_auroc_is_split_the_same_way() -> None:
    rng = np.random.default_rng(2)
    labels, groups = np.tile([0, 1], 200), np.repeat(np.arange(200), 2)
    noise = rng.normal(size=400)
    scores = {
        "rr": noise + 3 * labels, "rp": noise, "pr": noise + 3 * labels, "pp": noise
    }  # fmt: skip
    found = split_auroc(scores, labels, groups, level=0.95)
    fall = auroc(scores["rr"], labels) - auroc(scores["pp"], labels)
    assert found.by_text.estimate == pytest.approx(0, abs=1e-12)
    assert found.by_activations.estimate == pytest.approx(fall)
    assert found.by_activations.low < fall < found.by_activations.high
