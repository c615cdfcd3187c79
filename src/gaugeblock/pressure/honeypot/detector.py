"""A detector as the loop holds it: a fitted probe, where it reads, its fixed threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.probe import LinearProbe, Probe
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.honeypot.places import Place
from gaugeblock.pressure.seen import score_unseen


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector.

    Attributes:
        name: in reports.
        probe: gives scores.
        place: what it reads.
        threshold: set before the training; scores above it are flagged.
        scale: what one logit of a verdict is in units of the score: see ``spread_within``.
    """

    name: str
    probe: Probe
    place: Place
    threshold: float
    scale: float

    def flags(self, read: Floats) -> float:
        """Return the share of rows that it flags, read of shape (n, width)."""
        return float((score_unseen(self.probe, read) > self.threshold).mean())

    def fits(self, width: int) -> None:
        """Check that it was fitted on activations of this width.

        Raises:
            GaugeblockError: it was not.
        """
        if self.probe.width != width:
            raise GaugeblockError(
                f"it was fitted on width {self.probe.width}, the model's is {width}",
                where=f"detector {self.name}",
                remedy="The detector belongs to another model; fit one on this reference",
            )


def spread_within(scores: Floats, labels: Ints) -> float:
    """Return the standard deviation of scores about their class's mean; 1 where there is none.

    It is the unit of verdicts. On the reference a lie then costs about .7 of the pressure's weight
    more than a truth, whichever detector reads it, and lying pays .4: at weight 1 a detector that
    works makes honesty pay. In units of the spread of both classes together the two would just
    balance, and nothing would follow from which way a policy went.
    """
    about = [scores[labels == side] - scores[labels == side].mean() for side in (0, 1)]
    return float(np.concatenate(about).std()) or 1.0


def linear(detector: Detector) -> tuple[Floats, float]:
    """Return weight, shape (width,), and bias of a detector that is a direction.

    Raises:
        GaugeblockError: it is none, so no gradient of one is defined here.
    """
    if not isinstance(detector.probe, LinearProbe):
        raise GaugeblockError(
            f"a {detector.probe.family} probe is not linear",
            where=f"detector {detector.name}",
            remedy="The differentiable penalty takes mass-mean, lda or logistic",
        )
    return detector.probe.arrays["weight"], float(detector.probe.arrays["bias"])
