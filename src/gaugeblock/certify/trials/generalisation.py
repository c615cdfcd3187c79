"""Does it read the same thing, with the same sign, in every other kind of text?"""

from __future__ import annotations

import numpy as np

from gaugeblock.certify.exhibit import Exhibit, Sample
from gaugeblock.certify.records import Reading, TrialResult, Witness
from gaugeblock.certify.trials.verdict import reading, result, rule, shown
from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.metrics import auroc_interval
from gaugeblock.stats import Interval


def cells(sample: Sample) -> dict[str, Ints]:
    """Return facet=level names with the rows of each."""
    rows: dict[str, list[int]] = {}
    for i, statement in enumerate(sample.statements):
        for facet, level in statement.cell.items():
            rows.setdefault(f"{facet}: {level}", []).append(i)
    return {name: np.array(found) for name, found in rows.items()}


def generalisation(exhibit: Exhibit, seed: int) -> TrialResult:
    """Measure AUROC per kind of text, worst first; below .5 is a sign flip and never averaged.

    The limits are simultaneous over all kinds (Bonferroni). A kind with so few rows that even a
    perfect detector would not clear .5 cannot support the claim and is reported as not measured;
    it can still refute it, where its upper limit is below what is asked for.
    """
    smallest = rule("generalisation").limit("smallest_auroc")
    criterion = (
        f"in every kind of text an AUROC of at least {smallest} whose simultaneous lower limit is "
        "above .5; a kind too small for a perfect detector to clear .5 can only refute"
    )
    if exhibit.away is None:
        return result(
            "generalisation", "not measured", criterion, "No other kinds of text were given."
        )
    scores, labels = exhibit.scores(exhibit.away), exhibit.away.labels
    found: list[tuple[str, Interval, Ints]] = []
    thin: list[str] = []
    kinds = cells(exhibit.away)
    level = 1 - 0.05 / max(len(kinds), 1)
    for name, rows in kinds.items():
        y, groups = labels[rows], exhibit.away.groups[rows]
        if not 0 < y.sum() < len(y):
            thin.append(name)
            continue
        area = auroc_interval(scores[rows], y, groups, level)
        if auroc_interval(y, y, groups, level).low <= 0.5 and area.high >= smallest:
            thin.append(name)
            continue
        found.append((name, area, rows))
    if not found:
        return result(
            "generalisation",
            "not measured",
            criterion,
            "No kind of text had rows enough for a perfect detector to pass.",
        )
    found.sort(key=lambda cell: cell[1].estimate or 0.0)
    readings = [reading(name, interval, _note(interval, len(kinds))) for name, interval, _ in found]
    readings += [
        Reading(name=name, value=None, n=len(kinds[name]), note=f"not measured: {TOO_FEW}")
        for name in thin
    ]
    name, worst, rows = found[0]
    held = all((i.estimate or 0) >= smallest and i.low > 0.5 for _, i, _ in found)
    flipped = [cell for cell, interval, _ in found if interval.high < 0.5]
    finding = f"Worst of {len(found)} kinds of text is {name}, AUROC {shown(worst)}"
    if flipped:
        finding += f"; the sign flips in {', '.join(flipped)}"
    if thin:
        finding += f"; too few rows to judge {', '.join(thin)}"
    witnesses = () if held else _errors(exhibit.away, scores, rows)
    return result("generalisation", held, criterion, finding + ".", readings, witnesses)


TOO_FEW = "too few rows for a perfect detector to pass"


def _note(interval: Interval, kinds: int) -> str:
    note = f"limits at {interval.level:.1%}, for {kinds} at once"
    flip = "sign flip: high scores mean less of the concept; "
    return flip + note if interval.high < 0.5 else note


def _errors(sample: Sample, scores: Floats, rows: Ints) -> tuple[Witness, ...]:
    labels = sample.labels
    high = max((r for r in rows if labels[r] == 0), key=lambda r: scores[r])
    low = min((r for r in rows if labels[r] == 1), key=lambda r: scores[r])
    return tuple(
        Witness(
            text=sample.texts[r],
            label=int(labels[r]),
            score=float(scores[r]),
            note="highest score without the concept" if r == high else "lowest score with it",
        )
        for r in (high, low)
    )
