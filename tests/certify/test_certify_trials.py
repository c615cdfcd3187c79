"""Single trials where a mistake would flatter: thin kinds of text, erasure, a missing value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gaugeblock.certify import Check, Exhibit, Identity, certify
from gaugeblock.certify.synthetic import World, build_exhibit, write_statements
from gaugeblock.certify.trials.domain import domain
from gaugeblock.certify.trials.generalisation import generalisation
from gaugeblock.certify.trials.self_test import self_test
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.detectors.probe import Probe

STRENGTH = {"truth": 3.0, "negated": 1.5, "match": 2.0}


def along(world: World, feature: str) -> Probe:
    return MassMean().restore({"weight": world.vectors()[feature], "bias": np.array(0.0)}, None)


def exhibit_with(feature: str, thin: int) -> Exhibit:
    """Negated statements of a few entities beside a second style of many."""
    world = World(width=24, strength=STRENGTH)
    return build_exhibit(
        world,
        along(world, feature),
        write_statements(range(60), seed=1),
        write_statements(range(60, 100), seed=2),
        [
            s.model_copy(update={"cell": {"polarity": "negated"}})
            for s in write_statements(range(100, 100 + thin), negated=True, seed=3)
        ]
        + [
            s.model_copy(update={"cell": {"style": "all"}})
            for s in write_statements(range(110, 150), wording="all", seed=4)
        ],
    )


def test_a_kind_with_too_few_rows_cannot_support_the_claim() -> None:
    exhibit = exhibit_with("truth", thin=4)
    found = generalisation(exhibit, 0)
    assert found.outcome == "held"
    assert "too few rows to judge polarity: negated" in found.finding
    thin = next(r for r in found.readings if r.name == "polarity: negated")
    assert thin.value is None
    identity = Identity(concept="truth", family="x", blind=False, subject="arrays")
    listed = certify(exhibit, identity).not_measured
    assert any("polarity: negated: too few rows" in line for line in listed)


def test_but_it_can_refute_it() -> None:
    found = generalisation(exhibit_with("match", thin=4), 0)
    assert found.outcome == "failed"
    assert found.readings[0].name == "polarity: negated"
    assert found.readings[0].value == 0.0


def test_nothing_is_said_of_generalisation_where_every_kind_is_too_small() -> None:
    exhibit = exhibit_with("truth", thin=4)
    assert exhibit.away is not None
    only = exhibit.away.take(
        np.array([s.cell.get("polarity") == "negated" for s in exhibit.away.statements])
    )
    assert generalisation(replace(exhibit, away=only), 0).outcome == "not measured"


def test_leace_takes_the_label_from_a_fresh_probe_and_from_the_output() -> None:
    pytest.importorskip("torch")
    from gaugeblock.certify.trials.erasure import erasure

    found = {r.name: r.value for r in erasure(exhibit_with("truth", thin=4), 0).readings}
    assert found["a fresh probe before"] > 0.95
    assert found["the model's own output before"] > 0.95
    # The world has two features that tell truth here; LEACE takes what is linear of both.
    assert found["a fresh probe after erasing the direction"] > 0.9
    assert found["a fresh probe after erasing LEACE"] < 0.75
    assert found["the model's own output after erasing LEACE"] < 0.75
    assert found["after the control of LEACE"] > 0.9


def test_a_fine_tuned_model_that_lost_the_feature_shows_as_drift() -> None:
    exhibit = exhibit_with("truth", thin=4)
    lost = World(width=24, strength={**STRENGTH, "truth": 0.0}).activations(exhibit.home.texts)
    found = domain(replace(exhibit, drifted={"tuned": lost, "same": exhibit.home.x}), 0)
    by_name = {r.name: r for r in found.readings}
    change = by_name["change by fine-tuning: tuned"].interval
    assert change.high < -0.2
    assert by_name["change by fine-tuning: same"].value == 0.0
    without = domain(exhibit, 0).readings[-1]
    assert without.value is None
    assert without.note == "not measured: no fine-tuned model was given"


def test_a_check_that_could_not_run_has_no_value_and_fails() -> None:
    checks = [Check("padding", False, None, 1e-4, "the model cannot run")]
    found = self_test(replace(exhibit_with("truth", thin=4), checks=checks), 0)
    assert found.outcome == "failed"
    assert found.readings[0].value is None
    assert "no value: the model cannot run" in found.readings[0].note
