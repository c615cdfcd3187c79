"""A detector as the loop holds it: a fitted probe, where it reads, its fixed threshold."""

from __future__ import annotations

from dataclasses import dataclass

from gaugeblock.detectors.arrays import Floats
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
        scale: standard deviation of the score on texts of the reference, the unit of verdicts.
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
