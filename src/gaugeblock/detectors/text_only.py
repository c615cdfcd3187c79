"""The control that reads no activations: a bag of words and word pairs with logistic regression."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from gaugeblock.detectors.arrays import Floats, check_labels
from gaugeblock.detectors.logistic import fit_logistic
from gaugeblock.detectors.splits import grouped_folds
from gaugeblock.errors import GaugeblockError

_WORD = re.compile(r"(?u)\w+")


def terms(text: str) -> list[str]:
    """Return lower-cased words and pairs of neighbours."""
    words = _WORD.findall(text.lower())
    return words + [f"{a} {b}" for a, b in itertools.pairwise(words)]


class TextOnly:
    r"""TF-IDF of words and word pairs, then logistic regression: what the words alone tell.

    Weighting and objective are those of scikit-learn's ``TfidfVectorizer(ngram_range=(1, 2),
    token_pattern=r"\w+")`` and ``LogisticRegression(C=c)``.

    Args:
        c: inverse strength of the L2 penalty.
    """

    def __init__(self, c: float = 10.0) -> None:
        self.c = c
        self.vocabulary: dict[str, int] = {}
        self._idf: Floats = np.zeros(0)
        self._weight: Floats = np.zeros(0)
        self._bias = 0.0

    def fit(self, texts: Sequence[str], labels: ArrayLike) -> TextOnly:
        """Learn from labelled texts and return self.

        Raises:
            GaugeblockError: one class only, lengths that differ, or no words at all.
        """
        y = check_labels(labels, len(texts))
        counted = [Counter(terms(text)) for text in texts]
        frequency = Counter(term for row in counted for term in row)
        if not frequency:
            raise GaugeblockError("no text holds a word", where="texts")
        self.vocabulary = {term: column for column, term in enumerate(sorted(frequency))}
        seen = np.array([frequency[term] for term in self.vocabulary], dtype=float)
        self._idf = np.log((1 + len(texts)) / (1 + seen)) + 1
        self._weight, self._bias = fit_logistic(self._matrix(counted), y, self.c, 1e-5)
        return self

    def score(self, texts: Sequence[str]) -> Floats:
        """Return log odds, shape (n,)."""
        matrix = self._matrix([Counter(terms(text)) for text in texts])
        return np.asarray(matrix @ self._weight + self._bias, dtype=np.float64)

    def strongest(self, count: int = 5) -> list[str]:
        """Return the terms with the largest weights, either sign."""
        order = np.argsort(-np.abs(self._weight))[:count]
        names = list(self.vocabulary)
        return [names[column] for column in order]

    def _matrix(self, counted: Sequence[Counter[str]]) -> sparse.csr_matrix:
        rows, columns, values = [], [], []
        for row, counts in enumerate(counted):
            for term, count in counts.items():
                if (column := self.vocabulary.get(term)) is not None:
                    rows.append(row)
                    columns.append(column)
                    values.append(count * self._idf[column])
        matrix = sparse.csr_matrix(
            (values, (rows, columns)), shape=(len(counted), len(self.vocabulary)), dtype=float
        )
        length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
        length[length == 0] = 1.0
        return sparse.diags_array(1 / length) @ matrix


def text_only_scores(
    texts: Sequence[str],
    labels: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    folds: int = 5,
    seed: int = 0,
) -> Floats:
    """Return out-of-fold text-only scores, shape (n,); each fold's are centred on their median.

    Args:
        texts: n texts.
        labels: 0 or 1, shape (n,).
        groups: rows that stay on one side of every split; None for a random split.
        folds: number of folds.
        seed: of the split.

    Raises:
        GaugeblockError: as ``grouped_folds``.
    """
    y = check_labels(labels, len(texts))
    out = np.zeros(len(texts))
    for train, test in grouped_folds(y, groups, folds, seed):
        model = TextOnly().fit([texts[i] for i in train], y[train])
        scores = model.score([texts[i] for i in test])
        out[test] = scores - np.median(scores)
    return out
