"""Passes, samples and detectors of the honeypot's networks, on an untrained one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from honeypot_small import TINY

from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.honeypot.detector import Detector, linear
from gaugeblock.pressure.honeypot.network import new_model, noise, passed, written
from gaugeblock.pressure.honeypot.places import WORDING, belief, pooled, read_at, style
from gaugeblock.pressure.honeypot.prompts import make_prompts, reserved
from gaugeblock.pressure.honeypot.refit import refitted
from gaugeblock.pressure.honeypot.words import FIRST_PLAIN, WORDS


@pytest.fixture(scope="module")
def model():
    return new_model(TINY, 0).eval()


@pytest.fixture(scope="module")
def texts(model):
    begun = torch.from_numpy(make_prompts(reserved(40), "neutral"))
    return written(model, begun, noise(torch.Generator().manual_seed(0), 40))


def test_the_same_noise_writes_the_same_and_the_cache_changes_nothing(model, texts) -> None:
    gumbel = noise(torch.Generator().manual_seed(0), 40)
    ids = texts[:, :8]
    for step in range(4):
        logits = passed(model, ids).logits[:, -1]
        ids = torch.cat([ids, (logits + gumbel[:, step]).argmax(-1, keepdim=True)], dim=1)
    assert torch.equal(ids, texts)
    other = written(model, texts[:, :8], noise(torch.Generator().manual_seed(1), 40))
    assert not torch.equal(other, texts)


def test_samples_are_drawn_by_the_models_probabilities(model) -> None:
    begun = torch.from_numpy(make_prompts(reserved(1), "neutral")).repeat(4000, 1)
    drawn = written(model, begun, noise(torch.Generator().manual_seed(3), 4000, 1))[:, -1]
    wanted = passed(model, begun[:1]).logits[0, -1].softmax(-1).detach().numpy()
    seen = np.bincount(drawn.numpy(), minlength=len(WORDS)) / 4000
    assert np.abs(seen - wanted).max() < 4 * np.sqrt(wanted.max() / 4000)


def test_what_is_read_is_what_transformers_says_the_layers_gave(model, texts) -> None:
    wanted = model(input_ids=texts, output_hidden_states=True).hidden_states
    read = read_at(model, belief(1), texts.numpy())
    assert np.allclose(read, wanted[2][:, 8:12].mean(1).detach().numpy(), atol=1e-6)
    read = read_at(model, style(), texts.numpy())
    assert np.allclose(read, wanted[1][:, 9:12].mean(1).detach().numpy(), atol=1e-6)


def test_a_cut_keeps_every_gradient_from_what_lies_below(model, texts) -> None:
    model.requires_grad_(True)
    out = passed(model, texts, (0, 1), cut=1)
    assert not out.streams[1].requires_grad
    model.zero_grad(set_to_none=True)
    out.logits.sum().backward()
    below = [*model.model.embed_tokens.parameters(), *model.model.layers[:2].parameters()]
    assert all(one.grad is None for one in below)
    assert all(one.grad is not None for one in model.model.layers[2].parameters())
    assert torch.equal(out.logits, passed(model, texts).logits)
    model.zero_grad(set_to_none=True)


def test_words_themselves_are_read_without_a_model(texts) -> None:
    same = texts.clone()
    same[:, 9:12] = FIRST_PLAIN
    read = pooled(WORDING, {}, same).numpy()
    assert read.shape == (40, len(WORDS))
    assert (read[:, FIRST_PLAIN] == 1).all()


def detector(family="logistic", width=4) -> Detector:
    from gaugeblock.detectors.families import probe_class

    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 100)
    x = rng.normal(size=(200, width)) + labels[:, None] * 2
    return Detector("d", probe_class(family)().fit(x, labels), belief(1), 0.0, 1.0)


def test_a_detector_of_another_width_and_one_without_a_direction_are_refused() -> None:
    with pytest.raises(GaugeblockError, match="width 4, the model's is 48"):
        detector().fits(48)
    with pytest.raises(GaugeblockError, match="mlp probe is not linear"):
        linear(detector("mlp"))


@pytest.mark.parametrize("warm", [True, False])
def test_a_refit_finds_where_the_feature_went(warm: bool) -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1], 100)
    x = rng.normal(size=(200, 4)) * 0.3
    x[:, 2] -= 3.0 * labels
    old = detector()
    new = refitted(old, x, labels, warm=warm)
    flags = new.probe.score(x) > new.threshold
    assert (old.probe.score(x) > old.threshold)[labels == 1].mean() < 0.5
    assert flags[labels == 1].mean() > 0.95
    assert flags[labels == 0].mean() <= 0.01
    assert new.place == old.place
