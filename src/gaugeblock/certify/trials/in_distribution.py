"""How well does it read held-out texts of the kind it was fitted on, and at what false alarms?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import Reading, TrialResult
from gaugeblock.certify.trials.verdict import reading, result, rule, shown
from gaugeblock.detectors.arrays import Floats, check_groups
from gaugeblock.detectors.metrics import auroc_interval
from gaugeblock.detectors.probe import calibrate_scores
from gaugeblock.stats import Interval, clustered_rate


def share_above(scores: Floats, groups: ArrayLike, threshold: float) -> Interval:
    """Return the share of scores above a threshold with an interval by group."""
    codes = check_groups(groups, len(scores))
    hits = np.bincount(codes, scores > threshold).astype(int)
    return clustered_rate(hits.tolist(), np.bincount(codes).tolist())


def in_distribution(exhibit: Exhibit, seed: int) -> TrialResult:
    """Measure AUROC, and recall at a threshold that training negatives set for 1% false alarms."""
    rules = rule("in_distribution")
    smallest, fpr = rules.limit("smallest_auroc"), rules.limit("fpr")
    home = exhibit.home
    scores, labels = exhibit.scores(home), home.labels
    area = auroc_interval(scores, labels, home.groups)
    calibration = exhibit.probe.calibration
    whose = "the detector's own threshold"
    if calibration is None:
        negatives = exhibit.scores(exhibit.train)[exhibit.train.labels == 0]
        calibration = calibrate_scores(negatives, fpr)
        whose = f"threshold set on {calibration.n} training negatives"
    recall = share_above(scores[labels == 1], home.groups[labels == 1], calibration.threshold)
    alarms = share_above(scores[labels == 0], home.groups[labels == 0], calibration.threshold)
    readings = [
        reading("held-out AUROC", area),
        Reading(
            name=f"recall at a target of {calibration.target:.0%} false alarms",
            value=recall.estimate,
            n=recall.n or 0,
            interval=recall,
            unit="share",
            note=whose,
        ),
        Reading(
            name="false alarms at that threshold, held out",
            value=alarms.estimate,
            n=alarms.n or 0,
            interval=alarms,
            unit="share",
            note=f"the threshold's own 95% upper limit is {calibration.fpr_upper:.3f}, whatever "
            "the distribution",
        ),
    ]
    finding = (
        f"AUROC {shown(area)}; it finds {recall.estimate:.1%} of the positives at a threshold "
        f"whose false alarms are {alarms.estimate:.1%}, at most {alarms.high:.1%}"
    )
    return result(
        "in_distribution",
        area.low >= smallest,
        f"lower limit of the held-out AUROC at least {smallest}",
        finding + ".",
        readings,
    )
