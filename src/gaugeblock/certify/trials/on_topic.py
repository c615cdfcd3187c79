"""Does it fire on talk about the concept rather than on the concept?"""

from __future__ import annotations

import numpy as np

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import Reading, TrialResult, Witness
from gaugeblock.certify.trials.in_distribution import share_above
from gaugeblock.certify.trials.verdict import reading, result, rule, shown
from gaugeblock.detectors.metrics import auroc_interval


def on_topic(exhibit: Exhibit, seed: int) -> TrialResult:
    """Rank held-out positives against texts on the same topic that are not the concept."""
    smallest = rule("on_topic").limit("smallest_auroc")
    criterion = (
        f"against texts that only look like the concept an AUROC of at least {smallest} with its "
        "lower limit above .5, for every kind of such text"
    )
    if exhibit.controls is None:
        return result(
            "on_topic", "not measured", criterion, "No texts on the topic without the concept."
        )
    controls, home = exhibit.controls, exhibit.home
    positive = home.take(home.labels == 1)
    high, low = exhibit.scores(positive), exhibit.scores(controls)
    cut = exhibit.threshold()
    readings: list[Reading] = []
    kinds = np.array([statement.control for statement in controls.statements])
    worst = None
    for kind in sorted(set(kinds)):
        rows = kinds == kind
        labels = np.concatenate([np.ones(len(high)), np.zeros(int(rows.sum()))]).astype(int)
        groups = np.concatenate([positive.groups, controls.groups[rows]])
        area = auroc_interval(np.concatenate([high, low[rows]]), labels, groups)
        fired = share_above(low[rows], controls.groups[rows], cut)
        readings.append(reading(f"positives against: {kind}", area))
        readings.append(
            Reading(
                name=f"fires on: {kind}",
                value=fired.estimate,
                n=fired.n or 0,
                interval=fired,
                unit="share",
                note="above the threshold that best separates the training texts",
            )
        )
        if worst is None or (area.estimate or 0) < (worst[1].estimate or 0):
            worst = (kind, area, fired)
    assert worst is not None
    held = all(
        (r.value or 0) >= smallest and r.interval is not None and r.interval.low > 0.5
        for r in readings
        if r.unit == "auroc"
    )
    top = int(np.argmax(low))
    witness = Witness(
        text=controls.texts[top],
        label=0,
        score=float(low[top]),
        note="on the topic, not the concept, and the highest score of them",
    )
    finding = (
        f"Against '{worst[0]}' AUROC {shown(worst[1])}; it fires on {worst[2].estimate:.0%} of them"
    )
    return result("on_topic", held, criterion, finding + ".", readings, [witness])
