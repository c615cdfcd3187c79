"""Did twins on both sides of a split make the detector look better than it is?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gaugeblock.certify.exhibit import Exhibit, Sample
from gaugeblock.certify.records import Reading, TrialResult
from gaugeblock.certify.trials.verdict import reading, result, rule, shown
from gaugeblock.detectors.arrays import Floats
from gaugeblock.detectors.files import group_hash
from gaugeblock.detectors.metrics import auroc_interval
from gaugeblock.detectors.splits import grouped_folds
from gaugeblock.stats import Interval

MIXED = 30
"""Fewest seen and unseen rows for the comparison of seen with unseen groups."""


def split_leak(exhibit: Exhibit, seed: int) -> TrialResult:
    """Compare random with grouped splits by refitting, and seen with unseen groups.

    What the first is above the second is flattery by twins. (Twins of opposite labels push it
    below instead; that is a leak of the data, which the certificate's warnings name.) Refitting
    needs a detector whose making is known; the second comparison needs the list of groups it was
    fitted on.
    """
    limit = rule("split_leak").limit("largest_gap")
    criterion = f"AUROC with twins split apart at most {limit} above that with twins kept together"
    readings: list[Reading] = []
    gaps: list[tuple[float, str]] = []
    if exhibit.refit is not None:
        both = _joined(exhibit.train, exhibit.home)
        folds = rule("split_leak").count("folds")
        if len(np.unique(both.groups)) >= folds:
            at_random = _refitted(exhibit, both, None, folds, seed)
            grouped = _refitted(exhibit, both, both.groups, folds, seed)
            readings += [
                reading("refitted under a random split", at_random, seed=seed),
                reading("refitted under a grouped split", grouped, seed=seed),
            ]
            gaps.append(
                (
                    (at_random.estimate or 0.5) - (grouped.estimate or 0.5),
                    f"Refitted, {shown(at_random)} under a random split and {shown(grouped)} with "
                    "twins kept together",
                )
            )
    if exhibit.seen:
        known = np.array([group_hash(group) in exhibit.seen for group in exhibit.home.groups])
        sides = [exhibit.home.take(known), exhibit.home.take(~known)]
        if all(len(s.x) >= MIXED and 0 < s.labels.mean() < 1 for s in sides):
            seen, unseen = (auroc_interval(exhibit.scores(s), s.labels, s.groups) for s in sides)
            readings += [
                reading("groups it was fitted on", seen),
                reading("groups it has not seen", unseen),
            ]
            gaps.append(
                (
                    (seen.estimate or 0.5) - (unseen.estimate or 0.5),
                    f"{shown(seen)} on groups it was fitted on and {shown(unseen)} on others",
                )
            )
    if not gaps:
        return result(
            "split_leak",
            "not applicable",
            criterion,
            "The detector's origin is not known and it is tried only on groups of the battery's "
            "own; a split it was fitted with cannot flatter it here.",
        )
    largest, finding = max(gaps)
    return result("split_leak", largest <= limit, criterion, finding + ".", readings)


def _joined(a: Sample, b: Sample) -> Sample:
    return Sample(a.statements + b.statements, np.concatenate([a.x, b.x]))


def _refitted(
    exhibit: Exhibit, both: Sample, groups: ArrayLike | None, folds: int, seed: int
) -> Interval:
    assert exhibit.refit is not None
    scores: Floats = np.zeros(len(both.x))
    labels = both.labels
    for train, test in grouped_folds(labels, groups, folds, seed):
        probe = exhibit.refit().fit(both.x[train], labels[train], groups=both.groups[train])
        found = probe.score(both.x[test])
        # Folds are put on one scale, since each refit has a scale of its own.
        scores[test] = (found - np.median(found)) / (found.std() or 1.0)
    return auroc_interval(scores, labels, both.groups)
