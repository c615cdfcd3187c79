"""Edits by gradient: on a layer where the estimate is exact, and against chance where it is not."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("torch")

from checkpoints import llama_config, save_checkpoint

from gaugeblock.certify.exhibit import GuidedQuery
from gaugeblock.certify.guided import GuidedEdits, guided_edits, score_gradient
from gaugeblock.detectors.mahalanobis import Mahalanobis
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.detectors.statements import Statement
from gaugeblock.models.activations import record
from gaugeblock.models.loading import LoadedModel, load_subject

NEUTRAL = ("The auditor reads the files.", "Send the short note.")
TEXTS = ["The auditor reads the files and writes a note.", "Send the manager the board note."]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    return load_subject(str(save_checkpoint(tmp_path_factory.mktemp("model"), llama_config())))


@pytest.fixture(scope="module")
def smooth(tmp_path_factory):
    """A model whose blocks add little, so that a first-order estimate means something."""
    loaded = load_subject(str(save_checkpoint(tmp_path_factory.mktemp("smooth"), llama_config())))
    for name, weight in loaded.model.named_parameters():
        if weight.dim() == 2 and "embed" not in name:
            weight.data *= 0.2
    return loaded


def probe() -> MassMean:
    weight = np.random.default_rng(0).standard_normal(32)
    return MassMean().restore({"weight": weight, "bias": np.array(0.0)}, None)


def scores(loaded: LoadedModel, texts: list[str], layer: int) -> np.ndarray:
    return probe().score(record(loaded, texts, [layer], "mean").values[:, 0])


def query(text: str, rise: bool, kind: str = "guided substitution", own: str = "") -> GuidedQuery:
    return GuidedQuery(Statement(text=own or text, label=1, group="g"), text, rise, kind, 12)


@pytest.mark.parametrize("rise", [True, False])
def test_proposals_move_the_score_further_than_chance(smooth, rise: bool) -> None:
    guide = GuidedEdits(smooth, probe(), 1, "mean", NEUTRAL)
    words = guide._words[0]
    rng = np.random.default_rng(0)
    sign = 1 if rise else -1
    for text, edits in zip(TEXTS, guide([query(t, rise) for t in TEXTS]), strict=True):
        assert 0 < len(edits) <= 12
        before = scores(smooth, [text], 1)[0]
        parts = text.split()
        chance = []
        for _ in range(60):
            at = int(rng.integers(len(parts) - 1))
            chance.append(" ".join([*parts[:at], str(rng.choice(words)), *parts[at + 1 :]]))
        moved = sign * (scores(smooth, [e.text for e in edits], 1) - before)
        by_chance = sign * (scores(smooth, chance, 1) - before)
        assert moved.max() > np.quantile(by_chance, 0.95)
        assert moved.mean() > by_chance.mean()


def test_the_gradient_is_that_of_the_score(loaded) -> None:
    """Checked against a difference of scores, by moving one embedding."""
    import torch

    guide = GuidedEdits(loaded, probe(), 1, "mean", NEUTRAL)
    ids = loaded.tokenizer(TEXTS[0])["input_ids"]
    gradient = guide.gradients([ids])[0]
    assert gradient.shape == (len(ids), 32)
    table = loaded.model.get_input_embeddings()
    token = ids[3]
    places = [i for i, other in enumerate(ids) if other == token]
    push = torch.randn(32, generator=torch.Generator().manual_seed(0))
    expected = float((gradient[places].sum(dim=0) * push).sum())
    kept = table.weight.data[token].clone()
    step = 1e-2
    try:
        ends = []
        for sign in (1, -1):
            table.weight.data[token] = kept + sign * step * push
            ends.append(scores(loaded, [TEXTS[0]], 1)[0])
    finally:
        table.weight.data[token] = kept
    assert (ends[0] - ends[1]) / (2 * step) == pytest.approx(expected, rel=0.05)


def test_dilution_leaves_the_statement_alone_and_adds_harmless_words_only(loaded) -> None:
    guide = GuidedEdits(loaded, probe(), 1, "mean", NEUTRAL)
    own = TEXTS[0]
    (first,) = guide([query(own, True, "guided dilution")])
    assert [e.text for e in first] == [f"{own} {sentence}" for sentence in NEUTRAL]
    (second,) = guide([query(first[0].text, True, "guided dilution", own)])
    known = {w.lower() for s in NEUTRAL for w in s.replace(".", "").split()}
    assert second
    for edit in second:
        assert edit.keeps_label
        assert edit.text.startswith(own + " ")
        assert {w.lower() for w in edit.text[len(own) :].replace(".", "").split()} <= known
    (free,) = guide([query(own, True)])
    assert not any(e.keeps_label for e in free)


def test_a_numerical_gradient_serves_probes_that_are_not_linear() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 6))
    gate = Mahalanobis().fit_normal(x)
    found = score_gradient(gate, x[:3])
    push = 1e-4 * rng.standard_normal(6)
    change = gate.score(x[:3] + push) - gate.score(x[:3] - push)
    assert found @ push * 2 == pytest.approx(change, rel=1e-3)


def test_a_model_without_a_gradient_says_why(loaded) -> None:
    class Slow:
        is_fast = False

    blunt = LoadedModel("x", loaded.model, Slow())
    guide, why = guided_edits(blunt, probe(), 1, "mean", NEUTRAL)
    assert guide is None
    assert "tokenizer" in why
