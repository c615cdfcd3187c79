"""The one contract of every detector: a transcript in, a score with its unit out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

from gaugeblock.frozen import Record
from gaugeblock.models.capabilities import Capability
from gaugeblock.transcripts import Transcript

Unit = Literal["probability", "logit", "nats", "projection", "distance", "count", "rating"]


class DetectorScore(Record):
    """What a detector says of one transcript.

    Attributes:
        transcript: id of the transcript.
        value: the score, higher means more of the concept; None where it could not be measured.
        unit: what the number counts.
        missing: why ``value`` is None; "" where it is not. Never read a missing score as clean.
    """

    transcript: str
    value: float | None
    unit: Unit
    missing: str = ""


@runtime_checkable
class Detector(Protocol):
    """Anything that scores transcripts.

    Attributes:
        name: name in reports.
        concept: what a high score is taken to mean.
        unit: unit of the scores.
        needs: what a subject must be able to do; where it cannot, the detector is reported as
            *not measured*.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def concept(self) -> str: ...  # noqa: D102

    @property
    def unit(self) -> Unit: ...  # noqa: D102

    @property
    def needs(self) -> frozenset[Capability]: ...  # noqa: D102

    def score(self, transcripts: Sequence[Transcript]) -> list[DetectorScore]:
        """Return one score per transcript, in order; raise nothing for a single bad transcript."""
        ...
