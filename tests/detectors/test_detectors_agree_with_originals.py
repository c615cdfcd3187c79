"""The probes give scikit-learn's numbers on the same arrays, to the tolerances stated here."""

from __future__ import annotations

import numpy as np
import pytest

from gaugeblock.detectors.lda import LDA, ledoit_wolf
from gaugeblock.detectors.logistic import Logistic
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.detectors.metrics import auroc
from gaugeblock.detectors.text_only import TextOnly

sklearn = pytest.importorskip("sklearn")

LDA_TOLERANCE = 1e-8
LOGISTIC_TOLERANCE = 1e-3
"""Largest difference of a score, in logits."""


@pytest.fixture
def arrays() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    mix = rng.standard_normal((24, 24))
    return rng.standard_normal((300, 24)) @ mix + y[:, None] * rng.standard_normal(24), y


@pytest.mark.parametrize("shrinkage", [0.0, 0.01, 0.3])
def test_lda_equals_scikit_learn(arrays, shrinkage) -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    x, y = arrays
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(x, y)
    ours = LDA(shrinkage).fit(x, y)
    assert np.abs(ours.score(x) - theirs.decision_function(x)).max() < LDA_TOLERANCE


@pytest.mark.parametrize("shape", [(200, 12), (30, 80)])
def test_shrinkage_equals_scikit_learn(shape) -> None:
    from sklearn.covariance import ledoit_wolf as theirs

    x = np.random.default_rng(1).standard_normal(shape) * np.linspace(0.1, 4, shape[1])
    x -= x.mean(axis=0)
    assert ledoit_wolf(x) == pytest.approx(theirs(x, assume_centered=True)[1], abs=1e-10)


@pytest.mark.parametrize("c", [0.01, 1.0])
def test_logistic_equals_scikit_learn(arrays, c) -> None:
    from sklearn.linear_model import LogisticRegression

    x, y = arrays
    theirs = LogisticRegression(C=c, tol=1e-8, max_iter=5000).fit(x, y)
    ours = Logistic(c, standardise=False).fit(x, y)
    assert np.abs(ours.score(x) - theirs.decision_function(x)).max() < LOGISTIC_TOLERANCE


def test_standardised_logistic_equals_scikit_learn(arrays) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = arrays
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, tol=1e-8)).fit(x, y)
    ours = Logistic(0.1).fit(x, y)
    assert np.abs(ours.score(x) - theirs.decision_function(x)).max() < LOGISTIC_TOLERANCE


def test_mass_mean_is_the_difference_of_means(arrays) -> None:
    x, y = arrays
    gap = x[y == 1].mean(axis=0) - x[y == 0].mean(axis=0)
    assert MassMean().fit(x, y).direction == pytest.approx(gap / np.linalg.norm(gap))


def test_auroc_equals_scikit_learn(arrays) -> None:
    from sklearn.metrics import roc_auc_score

    _, y = arrays
    scores = np.round(np.random.default_rng(3).standard_normal(300) + y, 1)
    assert auroc(scores, y) == pytest.approx(roc_auc_score(y, scores), abs=1e-12)


def test_text_only_equals_scikit_learn() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    rng = np.random.default_rng(4)
    words = np.array("the a city of river in not is big small Ää x".split())  # noqa: SIM905
    texts = [" ".join(rng.choice(words, 8)) for _ in range(120)]
    y = np.array([text.count("river") > 0 for text in texts]).astype(int)
    theirs = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+"),
        LogisticRegression(C=10, tol=1e-8, max_iter=5000),
    ).fit(texts, y)
    assert TextOnly().fit(texts, y).score(texts) == pytest.approx(
        theirs.decision_function(texts), abs=1e-2
    )
