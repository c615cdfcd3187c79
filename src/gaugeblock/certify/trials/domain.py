"""Where does the detector's evidence end, and how often would it have to abstain?"""

from __future__ import annotations

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import Reading, TrialResult
from gaugeblock.certify.trials.generalisation import cells
from gaugeblock.certify.trials.in_distribution import share_above
from gaugeblock.certify.trials.verdict import auroc_gap, reading, result, rule, shown
from gaugeblock.detectors.mahalanobis import Mahalanobis
from gaugeblock.detectors.metrics import auroc_interval
from gaugeblock.detectors.probe import calibrate_scores

RESAMPLES = 1000
"""Draws of groups behind the limits of a change."""


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
    drops: list[str] = []
    scores = exhibit.scores(exhibit.home)
    labels, groups = exhibit.home.labels, exhibit.home.groups
    for name, x in exhibit.drifted.items():
        there = exhibit.probe.score(x)
        after = auroc_interval(there, labels, groups)
        change = auroc_gap(there, scores, labels, groups, resamples=RESAMPLES, seed=seed)
        readings.append(reading(f"after fine-tuning: {name}", after))
        readings.append(
            Reading(
                name=f"change by fine-tuning: {name}",
                value=change.estimate,
                n=len(labels),
                seed=seed,
                interval=change,
                unit="auroc difference",
            )
        )
        drops.append(f"in {name} it has {shown(after)}, a change of {change.estimate:+.3f}")
    if not exhibit.drifted:
        readings.append(
            Reading(
                name="after fine-tuning",
                value=None,
                n=len(labels),
                note="not measured: no fine-tuned model was given",
            )
        )
    if exhibit.away is None and not exhibit.drifted:
        return result(
            "domain", "not measured", criterion, "No other texts and no fine-tuned model."
        )
    parts = []
    if exhibit.away is not None:
        name = readings[0].name[len("abstains on ") :]
        parts.append(f"most often out of domain: {name}, abstaining on {readings[0].value:.1%}")
    parts += drops or ["drift after fine-tuning was not measured (no fine-tuned model was given)"]
    finding = "; ".join(parts)
    finding = finding[0].upper() + finding[1:]
    return result("domain", "printed", criterion, finding + ".", readings)
