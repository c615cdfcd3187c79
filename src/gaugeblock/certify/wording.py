"""The words of a certificate: "exists" needs one case, "for all" is only ever a bound."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.ladder import Height
from gaugeblock.certify.records import TrialResult
from gaugeblock.detectors.arrays import check_groups
from gaugeblock.stats import clustered_rate

BELIEF = (
    "The labels say what a text states, not what the model believes or intends; no trial here "
    "bears on belief or intent."
)


def exists_claim(exhibit: Exhibit, highest: Height) -> str:
    """Return the exists-statement with its verified case: a held-out positive beside a negative.

    The pair shares a group where possible, so that the two differ in the concept and little else.
    """
    if highest == "none":
        return (
            "No exists-statement is made: not even the first rung was reached, so a high score on "
            "one text may be chance."
        )
    cut = exhibit.threshold()
    scores, labels, groups = exhibit.scores(exhibit.home), exhibit.home.labels, exhibit.home.groups
    best: tuple[float, int, int] | None = None
    for i in np.flatnonzero((labels == 1) & (scores > cut)).tolist():
        twins = np.flatnonzero((groups == groups[i]) & (labels == 0) & (scores <= cut))
        if not len(twins):
            twins = np.flatnonzero((labels == 0) & (scores <= cut))
        for j in twins[:1].tolist():
            gap = float(scores[i] - scores[j]) + (1e6 if groups[i] == groups[j] else 0.0)
            if best is None or gap > best[0]:
                best = (gap, i, j)
    if best is None:
        return "No exists-statement is made: no held-out positive scores above the threshold."
    _, i, j = best
    texts = exhibit.home.texts
    return (
        f"There is a text with the concept that scores above the threshold {cut:.3g}: "
        f"'{texts[i]}' ({scores[i]:.3g}), while '{texts[j]}', without it, scores {scores[j]:.3g}. "
        "Both labels hold by construction and neither group was seen in fitting."
    )


def for_all_claim(exhibit: Exhibit, results: Sequence[TrialResult], highest: Height) -> str:
    """Return the for-all statement: an error bound over the stated set and what was searched."""
    cut = exhibit.threshold()
    scores, labels = exhibit.scores(exhibit.home), exhibit.home.labels
    codes = check_groups(exhibit.home.groups, len(labels))
    wrong = (scores > cut) != (labels == 1)
    error = clustered_rate(
        np.bincount(codes, wrong).astype(int).tolist(), np.bincount(codes).tolist(), sides="upper"
    )
    search = next(trial for trial in results if trial.id == "counterexamples")
    stated = (
        f"For all texts like the {len(labels)} held-out ones ({int(codes.max()) + 1} groups), its "
        f"sign is wrong in at most {error.high:.1%} (95% upper limit; {int(wrong.sum())} seen)"
    )
    if search.outcome == "failed" and search.witnesses:
        return (
            f"{stated}. It does not hold for all texts: '{search.witnesses[0].text}' is a "
            f"counterexample. {search.finding}"
        )
    if search.outcome == "held":
        return f"{stated}, and a search found no counterexample: {search.finding}"
    return f"{stated}. No search for counterexamples was made: {search.finding}"
