"""What is left of a detector when something simpler is held equal."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import Reading, TrialResult
from gaugeblock.certify.trials.verdict import reading, result, rule, shown
from gaugeblock.detectors.metrics import adjusted_auroc, auroc_interval
from gaugeblock.stats import Interval


def kept_share(before: Interval, after: Interval) -> float:
    """Return how much of the distance from .5 is left after adjusting, 1 for all of it."""
    edge = (before.estimate or 0.5) - 0.5
    return ((after.estimate or 0.5) - 0.5) / edge if abs(edge) > 1e-9 else 0.0


def judge_adjusted(
    trial: str, exhibit: Exhibit, nuisance: ArrayLike, name: str, extra: list[Reading]
) -> TrialResult:
    """Return the result of adjusting the held-out scores for a nuisance.

    Args:
        trial: id of the trial.
        exhibit: what is on trial.
        nuisance: covariates of ``home``, shape (n, k).
        name: of the nuisance, in words.
        extra: readings on the nuisance itself.
    """
    smallest = rule(trial).limit("smallest_kept")
    criterion = (
        f"at equal {name} the AUROC stays above .5 and keeps at least {smallest:.0%} of its "
        "distance from .5"
    )
    home = exhibit.home
    scores, labels = exhibit.scores(home), home.labels
    plain = auroc_interval(scores, labels, home.groups)
    adjusted = adjusted_auroc(scores, labels, np.asarray(nuisance), home.groups)
    if adjusted is None:
        return result(
            trial,
            False,
            criterion,
            f"The {name} all but determines the label in these texts, so nothing can be told "
            "apart from it.",
            extra,
        )
    kept = kept_share(plain, adjusted)
    readings = [reading(f"at equal {name}", adjusted), reading("as it is", plain), *extra]
    finding = f"AUROC {shown(plain)}, at equal {name} {shown(adjusted)}, "
    finding += f"{kept:.0%} of its edge kept" if plain.low > 0.5 else "so no edge to keep"
    held = adjusted.low > 0.5 and kept >= smallest
    return result(trial, held, criterion, finding + ".", readings)
