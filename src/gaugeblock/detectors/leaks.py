"""Does the wording alone tell the label? Named before any probe is believed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from gaugeblock.detectors.arrays import check_groups, check_labels
from gaugeblock.detectors.metrics import auroc, auroc_interval
from gaugeblock.detectors.splits import grouped_folds
from gaugeblock.detectors.text_only import TextOnly, text_only_scores
from gaugeblock.frozen import Record
from gaugeblock.stats import Interval

FAR = 0.15
"""Distance from .5 from which a text-only AUROC is called a leak."""


class LeakReport(Record):
    """What a model without activations makes of a set.

    Attributes:
        n: statements.
        groups: groups of twins.
        random: text-only AUROC under a random split.
        grouped: text-only AUROC with twins kept together; None with fewer groups than folds.
        length: AUROC of the number of characters alone.
        words: terms with the largest weights.
        warning: the leak by name and what to do about it; "" where there is none.
    """

    n: int
    groups: int
    random: Interval
    grouped: Interval | None
    length: Interval
    words: tuple[str, ...]
    warning: str


def find_leaks(
    texts: Sequence[str],
    labels: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    folds: int = 5,
    seed: int = 0,
) -> LeakReport:
    """Return text-only AUROCs under random and grouped splits, and the leak they show.

    Args:
        texts: n statements.
        labels: 0 or 1, shape (n,).
        groups: what twins share; None where no twins are known.
        folds: of both splits.
        seed: of both splits.

    Raises:
        GaugeblockError: one class only, or fewer statements than folds.
    """
    y = check_labels(labels, len(texts))
    g = check_groups(groups, len(texts))
    count = int(g.max()) + 1
    at_random = auroc_interval(text_only_scores(texts, y, None, folds=folds, seed=seed), y, g)
    grouped = None
    if count >= folds:
        grouped = auroc_interval(text_only_scores(texts, y, g, folds=folds, seed=seed), y, g)
    length = auroc_interval(np.array([len(text) for text in texts], float), y, g)
    words = tuple(TextOnly().fit(texts, y).strongest())
    return LeakReport(
        n=len(texts),
        groups=count,
        random=at_random,
        grouped=grouped,
        length=length,
        words=words,
        warning=_name_leak(at_random, grouped, length, words),
    )


def mean_fold_auroc(
    texts: Sequence[str],
    labels: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    folds: int = 5,
    seed: int = 0,
) -> float:
    """Return the mean over folds of the text-only AUROC, the form in which papers print it."""
    y = check_labels(labels, len(texts))
    found = []
    for train, test in grouped_folds(y, groups, folds, seed):
        model = TextOnly().fit([texts[i] for i in train], y[train])
        found.append(auroc(model.score([texts[i] for i in test]), y[test]))
    return float(np.mean(found))


def _name_leak(
    at_random: Interval, grouped: Interval | None, length: Interval, words: Sequence[str]
) -> str:
    named = []
    random_at, length_at = at_random.estimate or 0.5, length.estimate or 0.5
    if random_at < 0.5 - FAR:
        named.append(
            f"twins: under a random split the words alone score {random_at:.3f}, below chance, "
            "because a statement's twin with the other label lies in the training fold; split by "
            "group"
        )
    kept = grouped if grouped is not None else at_random
    kept_at = kept.estimate or 0.5
    if kept_at > 0.5 + FAR:
        named.append(
            f"wording: the words alone score {kept_at:.3f} on unseen groups (most telling: "
            f"{', '.join(words)}); an AUROC on this set is no evidence of more than words"
        )
    elif kept_at < 0.5 - FAR and grouped is not None:
        named.append(
            f"groups: even split by group the words alone score {kept_at:.3f}, below chance; "
            "twins share more than the group names, so split by every shared entity"
        )
    if abs(length_at - 0.5) > FAR:
        named.append(f"length: the number of characters alone scores {length_at:.3f}")
    return "; ".join(named)
