"""Where does the detector's evidence end, and how often would it have to abstain?"""

from __future__ import annotations

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import Reading, TrialResult
from gaugeblock.certify.trials.generalisation import cells
from gaugeblock.certify.trials.in_distribution import share_above
from gaugeblock.certify.trials.verdict import reading, result, rule
from gaugeblock.detectors.mahalanobis import Mahalanobis
from gaugeblock.detectors.metrics import auroc_interval
from gaugeblock.detectors.probe import calibrate_scores


def domain(exhibit: Exhibit, seed: int) -> TrialResult:
    """Gate texts by distance from the training activations; rescore a fine-tuned model's.

    The gate is a Mahalanobis distance, its threshold set on ``home`` to abstain there at the
    stated rate.
    """
    rules = rule("domain")
    abstain = rules.limit("abstain_at_home")
    criterion = (
        f"printed only: share of texts further out than {1 - abstain:.0%} of the home texts, and "
        "AUROC after the model was changed"
    )
    if exhibit.train.x.ndim != 2:
        return result("domain", "not applicable", criterion, "It reads several layers or tokens.")
    gate = Mahalanobis().fit_normal(exhibit.train.x)
    limit = calibrate_scores(gate.score(exhibit.home.x), abstain)
    readings = []
    if exhibit.away is not None:
        far = gate.score(exhibit.away.x)
        for name, rows in cells(exhibit.away).items():
            share = share_above(far[rows], exhibit.away.groups[rows], limit.threshold)
            readings.append(
                Reading(
                    name=f"abstains on {name}",
                    value=share.estimate,
                    n=share.n or 0,
                    interval=share,
                    unit="share",
                )
            )
        readings.sort(key=lambda r: -(r.value or 0.0))
    for name, x in exhibit.drifted.items():
        after = auroc_interval(exhibit.probe.score(x), exhibit.home.labels, exhibit.home.groups)
        readings.append(reading(f"after {name}", after))
    if not readings:
        return result("domain", "not measured", criterion, "No other texts and no changed model.")
    finding = (
        f"Most often out of domain: {readings[0].name[len('abstains on ') :]}"
        if (exhibit.away is not None)
        else "AUROC after the model was changed is given below"
    )
    if exhibit.away is not None:
        finding += f", abstaining on {readings[0].value:.1%}"
    if not exhibit.drifted:
        finding += "; drift after fine-tuning was not measured (no changed model was given)"
    return result("domain", "printed", criterion, finding + ".", readings)
