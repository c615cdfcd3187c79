"""What a bag of words makes of a label: the check that a pack has no marker words.

A classifier that sees only which words occur, and how often, is fitted to texts of some domains and
scored on others. Its area under the ROC curve (AUROC) says how far the label can be told from
vocabulary alone, without understanding the situation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]

_WORD = re.compile(r"[a-z0-9]+(?:'[a-z]+)?")


@dataclass(frozen=True)
class WordBag:
    """A fitted classifier: a weight for each word of its vocabulary.

    Attributes:
        vocabulary: word to column.
        weights: log odds that a word adds, per natural logarithm of one plus its count.
        bias: log odds of an empty text.
    """

    vocabulary: dict[str, int]
    weights: Floats
    bias: float

    def scores(self, texts: Sequence[str]) -> Floats:
        """Return the log odds of the positive class, one per text."""
        scores: Floats = _matrix(texts, self.vocabulary) @ self.weights + self.bias
        return scores

    def telling(self, count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return up to ``count`` words that speak most for the positive and the negative class."""
        weight = {word: self.weights[column] for word, column in self.vocabulary.items()}
        # Below this a weight is the optimiser's rounding, not something the texts say.
        told = [word for word in weight if abs(weight[word]) > 1e-6]
        told.sort(key=lambda word: (weight[word], word))
        return (
            tuple(word for word in reversed(told[-count:]) if weight[word] > 0),
            tuple(word for word in told[:count] if weight[word] < 0),
        )


def fit_word_bag(texts: Sequence[str], labels: Sequence[int], *, penalty: float = 1.0) -> WordBag:
    """Fit a logistic regression on logarithmic word counts, with an L2 penalty on the weights.

    Minimises ``penalty / 2 * |w|^2 + sum log(1 + exp(-y (x w + b)))``, which is scikit-learn's
    ``LogisticRegression(C=1 / penalty)`` and is tested against it.

    Args:
        texts: training texts.
        labels: 0 or 1, one per text; both must occur.
        penalty: strength of the penalty, above 0.

    Raises:
        ValueError: if the lengths differ, a label is not 0 or 1, or one class is missing.
    """
    if len(texts) != len(labels):
        raise ValueError(f"{len(texts)} texts and {len(labels)} labels")
    if set(labels) != {0, 1}:
        raise ValueError("labels must be 0 and 1, and both must occur")
    seen = sorted({word for text in texts for word in words(text)})
    vocabulary = {word: column for column, word in enumerate(seen)}
    matrix = _matrix(texts, vocabulary)
    sign = 2.0 * np.asarray(labels, dtype=np.float64) - 1.0

    def loss(parameters: Floats) -> tuple[float, Floats]:
        margins = sign * (matrix @ parameters[:-1] + parameters[-1])
        pull = -sign / (1.0 + np.exp(np.minimum(margins, 500.0)))
        value = np.logaddexp(0.0, -margins).sum() + penalty / 2 * parameters[:-1] @ parameters[:-1]
        gradient = np.append(matrix.T @ pull + penalty * parameters[:-1], pull.sum())
        return float(value), gradient

    start = np.zeros(len(vocabulary) + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000})
    return WordBag(vocabulary, np.asarray(found.x[:-1]), float(found.x[-1]))


def words(text: str) -> list[str]:
    """Return the words of a text in lower case: letters and digits, an apostrophe kept inside."""
    return _WORD.findall(text.lower())


@dataclass(frozen=True)
class Auroc:
    """An area under the ROC curve and its 95 % interval by resampling clusters."""

    value: float
    low: float
    high: float


def clustered_auroc(
    scores: Floats,
    labels: Sequence[int],
    clusters: Sequence[str],
    *,
    seed: int,
    within: Sequence[str] | None = None,
    draws: int = 4000,
) -> Auroc:
    """Return the AUROC with a percentile bootstrap interval over whole clusters.

    A pair counts 1 where the positive scores higher, 1/2 where the two tie (Mann-Whitney).
    Clusters are resampled because texts of one domain share their words (Davison & Hinkley 1997,
    section 3.8).

    Args:
        scores: one per text.
        labels: 0 or 1, one per text.
        clusters: name of the cluster of each text.
        seed: of the resampling.
        within: group of each text; if given, only pairs inside a group count, and a group has to
            lie inside one cluster. Texts that differ in nothing but the label are then compared
            with each other, which is the sharper test: no other difference adds noise.
        draws: number of resamples.

    Raises:
        ValueError: if a class is missing or no pair is left.
    """
    truth = np.asarray(labels)
    names, member = np.unique(np.asarray(clusters), return_inverse=True)
    if set(np.unique(truth)) != {0, 1}:
        raise ValueError("labels must be 0 and 1, and both must occur")
    positive, negative = np.flatnonzero(truth == 1), np.flatnonzero(truth == 0)
    gap = scores[positive][:, None] - scores[negative][None, :]
    won = (gap > 1e-9) + 0.5 * (np.abs(gap) <= 1e-9)
    counted = np.ones_like(won)
    if within is not None:
        group = np.asarray(within)
        counted = (group[positive][:, None] == group[negative][None, :]).astype(np.float64)
    size = len(names)
    left, right = np.eye(size)[member[positive]], np.eye(size)[member[negative]]
    wins, pairs = left.T @ (won * counted) @ right, left.T @ counted @ right
    if not pairs.sum():
        raise ValueError("no group has both a positive and a negative")
    weights = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), size=draws)
    if within is None:
        total = np.einsum("di,ij,dj->d", weights, pairs, weights)
        taken = np.einsum("di,ij,dj->d", weights, wins, weights)
    else:
        total, taken = weights @ np.diag(pairs), weights @ np.diag(wins)
    low, high = np.quantile(taken[total > 0] / total[total > 0], [0.025, 0.975])
    return Auroc(float(wins.sum() / pairs.sum()), float(low), float(high))


def _matrix(texts: Sequence[str], vocabulary: dict[str, int]) -> csr_matrix:
    data: list[float] = []
    columns: list[int] = []
    ends = [0]
    for text in texts:
        counts = Counter(words(text))
        for word, count in counts.items():
            if word in vocabulary:
                columns.append(vocabulary[word])
                data.append(float(np.log1p(count)))
        ends.append(len(data))
    return csr_matrix((data, columns, ends), shape=(len(texts), len(vocabulary)))
