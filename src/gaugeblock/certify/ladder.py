"""From trials to the highest rung reached and the trial that stopped the climb."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from gaugeblock.certify.criteria import Rung, load_criteria
from gaugeblock.certify.records import TrialResult

Height = Literal["none"] | Rung


def climb(results: Sequence[TrialResult]) -> tuple[Height, TrialResult | None]:
    """Return the highest rung reached and the trial that stopped it, None at the top.

    A rung is reached when it and all below are; a required trial that could not be measured stops
    the climb as a failed one does, since nothing is known of what it would have found.

    Args:
        results: trials in ladder order.
    """
    highest: Height = "none"
    for rung in load_criteria().rungs:
        for trial in results:
            if trial.rung == rung and trial.blocks:
                return highest, trial
        highest = rung
    return highest, None
