from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import Leace

PEER = np.load(Path(__file__).parent / "peers" / "leace.npz")
TOLERANCE = 1e-10
"""Of the largest activation: both compute in float64, in another order."""


@pytest.mark.parametrize("concept", ["two", "four", "numbers"])
def test_agrees_with_what_concept_erasure_made(concept: str) -> None:
    eraser = Leace.fit(PEER["x"], PEER[concept])
    deviation = np.abs(eraser(PEER["x"]) - PEER[f"{concept}-erased"]).max()
    assert deviation <= TOLERANCE * np.abs(PEER["x"]).max()


def test_agrees_with_concept_erasure_where_it_is_installed() -> None:
    peer = pytest.importorskip("concept_erasure", reason="concept-erasure is not installed")
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    x, labels = rng.normal(size=(200, 9)) @ rng.normal(size=(9, 9)), rng.integers(0, 3, 200)
    x[:, 2] += labels
    fitted = peer.LeaceFitter.fit(
        torch.from_numpy(x),
        torch.from_numpy(np.eye(3)[labels]),
        shrinkage=False,
        constrain_cov_trace=False,
    )
    theirs = fitted.eraser(torch.from_numpy(x)).numpy()
    assert np.abs(Leace.fit(x, labels)(x) - theirs).max() <= TOLERANCE * np.abs(x).max()


def test_no_linear_classifier_is_left_anything() -> None:
    x, labels = PEER["x"], PEER["two"]
    erased = Leace.fit(x, labels)(x)
    score = LogisticRegression(C=1e6, max_iter=5000)
    assert score.fit(x, labels).score(x, labels) > 0.95
    majority = max(labels.mean(), 1 - labels.mean())
    assert score.fit(erased, labels).score(erased, labels) <= majority + 1e-9


def test_moves_less_than_any_other_projection_that_erases() -> None:
    x, labels = PEER["x"], PEER["two"]
    gap = x[labels == 1].mean(axis=0) - x[labels == 0].mean(axis=0)
    unit = gap / np.linalg.norm(gap)
    centred = x - x.mean(axis=0)
    orthogonal = np.square(np.outer(centred @ unit, unit)).sum()
    assert np.square(Leace.fit(x, labels)(x) - x).sum() < 0.9 * orthogonal


def test_directions_without_variance_stay_as_they_are() -> None:
    x = np.column_stack([PEER["x"], np.full(160, 7.0), PEER["x"][:, 0]])
    eraser = Leace.fit(x, PEER["two"])
    erased = eraser(x)
    np.testing.assert_allclose(erased[:, 12], 7.0)
    np.testing.assert_allclose(erased[:, 13], erased[:, 0], atol=1e-9)


def test_a_concept_that_is_not_there_erases_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(4000, 6))
    labels = np.repeat([0, 1], 2000)
    balanced = np.vstack([x[:2000], x[:2000]])
    eraser = Leace.fit(balanced, labels)
    assert eraser.rank == 0
    np.testing.assert_array_equal(eraser(balanced), balanced)


@pytest.mark.parametrize(
    ("x", "labels", "match"),
    [
        (np.ones((4, 3)), [1, 1, 1, 1], "one class only"),
        (np.ones((4, 3)), [0, 1, 1], "do not fit"),
        (np.full((4, 3), np.nan), [0, 1, 0, 1], "NaN"),
        (np.ones((4, 2, 3)), [0, 1, 0, 1], "one layer"),
    ],
)
def test_bad_input(x: np.ndarray, labels: list[int], match: str) -> None:
    with pytest.raises(GaugeblockError, match=match):
        Leace.fit(x, labels)
