"""The card: the word bag against scikit-learn, the intervals, and the page that ships."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gaugeblock.cli.scenarios import app
from gaugeblock.scenarios.card import Card, markdown, pack_card, situations
from gaugeblock.scenarios.leak import readable
from gaugeblock.scenarios.pack import Pack, load_pack
from gaugeblock.scenarios.word_bag import clustered_auroc, fit_word_bag, words

PAGE = Path(__file__).parents[2] / "docs" / "packs" / "wrongdoing.md"


def reduced() -> Pack:
    """Six domains with one cast a matter: the card's path at a tenth of its cost."""
    pack = load_pack("wrongdoing")
    names = {"brake-garage", "toy-testing", "voter-roll", "clinical-trial", "payroll", "care-home"}
    held_out = pack.shared.held_out_domains & names
    shared = pack.shared.model_copy(update={"casts_per_matter": 1, "held_out_domains": held_out})
    domains = tuple(domain for domain in pack.domains if domain.id in names)
    return pack.model_copy(update={"shared": shared, "domains": domains})


def test_the_word_bag_is_scikit_learns_logistic_regression() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    text = pytest.importorskip("sklearn.feature_extraction.text")
    pack = reduced()
    texts = [readable(one) for one in situations(pack, "train", "natural")]
    labels = [
        int(one.factors.severity == "egregious") for one in situations(pack, "train", "natural")
    ]
    tests = [readable(one) for one in situations(pack, "held_out", "natural")]
    counter = text.CountVectorizer(tokenizer=words, token_pattern=None)
    theirs = linear_model.LogisticRegression(C=0.5, tol=1e-8, max_iter=5000)
    theirs.fit(counter.fit_transform(texts).log1p(), labels)
    wanted = theirs.decision_function(counter.transform(tests).log1p())
    ours = fit_word_bag(texts, labels, penalty=2.0).scores(tests)
    np.testing.assert_allclose(ours, wanted, atol=2e-3)


def test_the_auroc_is_scikit_learns_and_its_interval_resamples_clusters() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    scores = np.round(labels + rng.normal(size=300), 1)
    clusters = [f"c{number}" for number in rng.integers(0, 15, 300)]
    found = clustered_auroc(scores, list(labels), clusters, seed=1)
    assert found.value == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-12)
    assert found.low < found.value < found.high
    one = clustered_auroc(scores, list(labels), ["same"] * 300, seed=1)
    assert one.low == one.value == one.high
    assert found == clustered_auroc(scores, list(labels), clusters, seed=1)


def test_within_groups_only_their_own_pairs_count() -> None:
    scores = np.array([1.0, 0.0, 10.0, 11.0, 5.0])
    labels = [1, 0, 1, 0, 1]
    clusters = ["a", "a", "b", "b", "b"]
    found = clustered_auroc(scores, labels, clusters, seed=0, within=["x", "x", "y", "y", "z"])
    assert found.value == 0.5
    with pytest.raises(ValueError, match="no group"):
        clustered_auroc(scores, labels, clusters, seed=0, within=list("abcde"))


def test_ties_count_half_and_one_class_is_refused() -> None:
    scores = np.zeros(4)
    assert clustered_auroc(scores, [0, 1, 0, 1], list("aabb"), seed=0).value == 0.5
    with pytest.raises(ValueError, match="both must occur"):
        clustered_auroc(scores, [1, 1, 1, 1], list("aabb"), seed=0)
    with pytest.raises(ValueError, match="both must occur"):
        fit_word_bag(["a", "b"], [1, 1])
    with pytest.raises(ValueError, match="2 texts and 1 labels"):
        fit_word_bag(["a", "b"], [1])


def test_a_marker_word_would_be_found() -> None:
    train = ["the cat sat secretly", "the dog ran secretly", "the cat sat", "the dog ran"] * 5
    bag = fit_word_bag(train, [1, 1, 0, 0] * 5)
    assert bag.telling(1)[0] == ("secretly",)
    scores = bag.scores(["a bird flew secretly", "a bird flew"])
    assert scores[0] > scores[1]


def test_the_card_counts_and_measures() -> None:
    card = pack_card(reduced())
    assert (card.scenarios, card.held_out_domains, card.domains["persons"]) == (16, 3, 4)
    assert {(leak.rendering, leak.contrast) for leak in card.leaks} == {
        (rendering, contrast)
        for rendering in ("controlled", "natural")
        for contrast in ("egregious_benign", "egregious_borderline", "guilty_innocent")
    }
    guilt = [leak for leak in card.leaks if leak.contrast == "guilty_innocent"]
    assert next(leak for leak in guilt if leak.rendering == "natural").matched == 0.5
    assert all(leak.low <= leak.auroc <= leak.high for leak in card.leaks)
    assert Card.model_validate_json(card.model_dump_json()) == card
    page = markdown(card)
    assert page.count("\n| natural |") + page.count("\n| controlled |") == 6


def test_the_page_that_ships_is_of_the_pack_that_ships() -> None:
    pack = load_pack("wrongdoing")
    page = PAGE.read_text(encoding="utf-8")
    assert f"`{pack.sha256}`" in page, "run: gaugeblock scenarios card wrongdoing > docs/packs/..."
    assert f"| {len(pack.scenarios())} |" in page
    assert "**no**" not in page


def test_the_verbs() -> None:
    run = CliRunner()
    assert run.invoke(app, ["list"]).output.startswith("wrongdoing\t")
    listed = run.invoke(app, ["list", "wrongdoing", "--split", "held_out"]).output.splitlines()
    assert len(listed) == len(load_pack("wrongdoing").scenarios("held_out"))
    shown = json.loads(run.invoke(app, ["show", "wrongdoing", "--json"]).output)
    assert shown["rendering"] == "natural"
    text = run.invoke(app, ["show", "wrongdoing", shown["id"]]).output
    assert shown["system"] in text
    assert shown["deliverable"]["text"] in text
    assert run.invoke(app, ["show", "wrongdoing", "a/b"]).exit_code != 0
