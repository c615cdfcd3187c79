"""Does it read the presence of a few words?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import TrialResult
from gaugeblock.certify.trials.nuisance import judge_adjusted
from gaugeblock.certify.trials.verdict import reading, result, rule
from gaugeblock.detectors.arrays import Floats
from gaugeblock.detectors.metrics import auroc_interval

_WORD = re.compile(r"\w+")


def presence(texts: Sequence[str], least: float = 0.05) -> tuple[list[str], Floats]:
    """Return words that occur in 5% to 95% of the texts, and who holds them, shape (n, words)."""
    held = [set(_WORD.findall(text.lower())) for text in texts]
    frequency = Counter(word for words in held for word in words)
    kept = sorted(
        word for word, count in frequency.items() if least <= count / len(texts) <= 1 - least
    )
    return kept, np.array([[word in words for word in kept] for words in held], float)


def telling_words(present: Floats, scores: Floats, count: int) -> list[int]:
    """Return the columns that together explain the scores best, chosen one after the other."""
    chosen: list[int] = []
    left = scores - scores.mean()
    for _ in range(min(count, present.shape[1])):
        columns = present - present.mean(axis=0)
        norms = np.sqrt((columns**2).sum(axis=0))
        norms[norms < 1e-12] = np.inf
        strength = np.abs(columns.T @ left) / norms
        strength[chosen] = -1.0
        chosen.append(int(np.argmax(strength)))
        basis = columns[:, chosen]
        centred = scores - scores.mean()
        left = centred - basis @ np.linalg.lstsq(basis, centred, rcond=None)[0]
    return chosen


def token(exhibit: Exhibit, seed: int) -> TrialResult:
    """Find the words whose presence goes along with the scores, and take them out.

    The words are chosen on training texts, within each label, so that words are found which move
    the score of texts that are alike in the concept.
    """
    count = rule("token").count("words")
    train, home = exhibit.train, exhibit.home
    words, present = presence(train.texts)
    if not words:
        return result(
            "token",
            "not applicable",
            "at equal words the AUROC stays above .5",
            "No word occurs in 5% to 95% of the texts.",
        )
    scores, labels = exhibit.scores(train), train.labels
    within = scores.copy()
    for side in (0, 1):
        within[labels == side] -= scores[labels == side].mean()
        present[labels == side] -= present[labels == side].mean(axis=0)
    chosen = [words[i] for i in telling_words(present, within, count)]
    held = np.array(
        [[word in _WORD.findall(text.lower()) for word in chosen] for text in home.texts], float
    )
    extra = [
        reading(f"the word '{word}' alone", auroc_interval(held[:, i], home.labels, home.groups))
        for i, word in enumerate(chosen)
    ]
    return judge_adjusted("token", exhibit, held, f"words ({', '.join(chosen)})", extra)
