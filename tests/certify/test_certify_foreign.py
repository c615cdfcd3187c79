"""A probe of another library goes through the same trials as our own."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("torch")

from certifying import write_csv
from checkpoints import llama_config, save_checkpoint

from gaugeblock.certify.csv_concept import concept_from_csv
from gaugeblock.certify.records import Certificate
from gaugeblock.certify.run import certify_probe
from gaugeblock.certify.subject import open_subject
from gaugeblock.detectors.adapters import ForeignProbe
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.detectors.probe import Probe
from gaugeblock.errors import GaugeblockError


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A random model, and statements whose label one word decides."""
    folder = tmp_path_factory.mktemp("foreign")
    path = save_checkpoint(folder / "model", llama_config(hidden_size=16, num_hidden_layers=2))
    csv = write_csv(folder / "safe.csv", "The")
    return open_subject(str(path)), concept_from_csv(csv, {}, group=["item"])


def certified(stage, make) -> Certificate:
    return certify_probe(*stage, make, layer=0)


def assert_agree(one: Certificate, two: Certificate, rel: float) -> None:
    """Every trial has the same outcome, and the trials of the score the same numbers."""
    assert {t.id: t.outcome for t in one.trials} == {t.id: t.outcome for t in two.trials}
    for trial in ("in_distribution", "dose_response", "selectivity"):
        here = [(r.name, r.value) for r in one.trial(trial).readings]
        there = [(r.name, r.value) for r in two.trial(trial).readings]
        assert [name for name, _ in here] == [name for name, _ in there]
        for (name, a), (_, b) in zip(here, there, strict=True):
            assert a == pytest.approx(b, rel=rel, abs=rel), (trial, name)


class Sevenfold:
    """Another program's mass-mean: other names, another scale, the same direction."""

    def fit(self, x, y) -> None:
        self.along = 7.0 * (x[y == 1].mean(axis=0) - x[y == 0].mean(axis=0))
        self.middle = float((x[y == 1].mean(axis=0) + x[y == 0].mean(axis=0)) @ self.along / 2)


def test_what_another_program_fits_gets_the_certificate_that_ours_gets(stage) -> None:
    def make() -> Probe:
        return ForeignProbe(
            Sevenfold,
            read=lambda probe, x: x @ probe.along - probe.middle,
            direction=lambda probe: probe.along,
        )

    theirs, ours = certified(stage, make), certified(stage, MassMean)
    assert theirs.identity.family == "foreign"
    assert str(theirs.identity.settings["fitted by"]).endswith("Sevenfold")
    assert theirs.trial("dose_response").readings
    assert theirs.trial("refits").readings
    assert_agree(theirs, ours, 1e-6)


def test_one_without_a_direction_has_no_causal_trial_and_says_so(stage) -> None:
    found = certified(
        stage,
        lambda: ForeignProbe(Sevenfold, read=lambda probe, x: x @ probe.along - probe.middle),
    )
    assert found.trial("dose_response").outcome not in ("held", "failed")


def test_scores_that_are_not_finite_are_an_error_that_says_so(stage) -> None:
    with pytest.raises(GaugeblockError, match=r"foreign probe: .* scores are not finite"):
        certified(
            stage, lambda: ForeignProbe(Sevenfold, read=lambda probe, x: x @ probe.along + np.inf)
        )


def test_it_cannot_be_saved_as_a_detector_file(stage, tmp_path: Path) -> None:
    with pytest.raises(GaugeblockError, match="cannot be saved"):
        certify_probe(
            *stage,
            lambda: ForeignProbe(Sevenfold, read=lambda probe, x: x @ probe.along),
            layer=0,
            out=tmp_path,
        )
    assert not list(tmp_path.iterdir())


def test_probelabs_probes_can_be_certified(stage) -> None:
    probelab = pytest.importorskip("probelab", reason="probelab is not installed")
    import torch

    def wrap(x: np.ndarray):
        return probelab.Activations(torch.tensor(x).float(), dims="bh")

    def make() -> Probe:
        return ForeignProbe(
            lambda: probelab.probes.MassMean(),
            wrap=wrap,
            read=lambda probe, x: probe.predict_logits(x).detach().numpy(),
            direction=lambda probe: probe.direction.numpy(),
        )

    assert_agree(certified(stage, make), certified(stage, MassMean), 1e-4)
