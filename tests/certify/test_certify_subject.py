"""A local model as the battery reads and changes it, on the built-in base."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gaugeblock.certify.exhibit import Change
from gaugeblock.detectors.files import save_probe
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.errors import GaugeblockError

pytest.importorskip("torch")

TEXTS = ["The capital of France is Paris.", "The capital of France is Rome.", "Snow is white."]


@pytest.fixture(scope="module")
def subject():
    from gaugeblock.certify.subject import open_subject
    from gaugeblock.models.subjects import builtin_subjects

    if "builtin/base" not in builtin_subjects():
        pytest.skip("the built-in base is not here")
    return open_subject("builtin/base", threads=1)


def test_steering_by_nothing_leaves_the_output_and_by_something_moves_it(subject) -> None:
    from gaugeblock.certify.shipped import load_concept

    output = subject.answer_output(load_concept("truth").answers, 1)
    width = subject.activations(TEXTS, 1, "last").shape[1]
    plain = output(TEXTS, None)
    assert output(TEXTS, Change("steer", np.zeros(width))) == pytest.approx(plain, abs=1e-6)
    pushed = output(TEXTS, Change("steer", 5 * np.ones(width)))
    assert np.abs(pushed - plain).max() > 1e-3


def test_erasing_takes_the_part_along_the_direction_out(subject) -> None:
    direction = np.eye(subject.activations(TEXTS, 1, "last").shape[1])[3]
    mean = np.zeros(len(direction))
    with subject.changed(1, Change("erase", direction, mean)):
        inside = subject.activations(TEXTS, 1, "last")
    assert np.abs(inside @ direction).max() < 1e-5
    harm = subject.harm(TEXTS, 1)
    assert harm(None).shape == (3,)
    assert (harm(None) > 0).all()


def test_the_untrained_twin_has_other_weights_and_the_same_shape(subject) -> None:
    twin = subject.untrained(0)
    assert twin.fingerprint != subject.fingerprint
    here, there = (s.activations(TEXTS, 0, "last") for s in (subject, twin))
    assert here.shape == there.shape
    assert not np.allclose(here, there)


def test_a_layer_that_does_not_exist_is_named(subject) -> None:
    with pytest.raises(GaugeblockError, match="layer"):
        subject.activations(TEXTS, 99, "last")


def test_blind_refuses_a_detector_of_another_model(subject, tmp_path: Path) -> None:
    from gaugeblock.certify.run import certify_blind, pooled_family
    from gaugeblock.certify.shipped import load_concept

    probe = MassMean().fit(np.eye(4), [0, 1, 0, 1])
    save_probe(probe, tmp_path / "d", concept="truth", model="f" * 64, layer=0)
    with pytest.raises(GaugeblockError, match="fitted on another model"):
        certify_blind(subject, load_concept("truth"), tmp_path / "d")
    with pytest.raises(GaugeblockError, match="no probe 'oracle'"):
        pooled_family("oracle")
    with pytest.raises(GaugeblockError, match="more than one pooled vector"):
        pooled_family("attention")
