"""Text monitor: regular expressions counted in what the subject wrote."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gaugeblock.detectors.contract import DetectorScore, Unit
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.capabilities import TRANSCRIPTS_ONLY, Capability
from gaugeblock.transcripts import EventKind, Transcript


class PatternMonitor:
    """Score = number of matches of any pattern in the events it reads.

    Args:
        patterns: regular expressions, matched without regard to case.
        concept: what a match is taken to mean.
        kinds: events that are read; the default is all that the subject wrote.
        name: in reports.

    Raises:
        GaugeblockError: no pattern, or one that is not a regular expression.
    """

    unit: Unit = "count"
    needs: frozenset[Capability] = TRANSCRIPTS_ONLY

    def __init__(
        self,
        patterns: Sequence[str],
        concept: str,
        *,
        kinds: Sequence[EventKind] = ("reasoning", "message", "tool_call", "malformed_call"),
        name: str = "patterns",
    ) -> None:
        if not patterns:
            raise GaugeblockError("no patterns", where=name)
        try:
            self._patterns = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
        except re.error as error:
            raise GaugeblockError(
                f"'{error.pattern!s}' is not a regular expression ({error})", where=name
            ) from error
        self.name, self.concept = name, concept
        self._kinds = tuple(kinds)

    def count(self, text: str) -> int:
        """Return the number of matches in a text."""
        return sum(1 for pattern in self._patterns for _ in pattern.finditer(text))

    def score(self, transcripts: Sequence[Transcript]) -> list[DetectorScore]:
        """Return one count per transcript, in order."""
        out = []
        for transcript in transcripts:
            text = "\n".join(event.text for event in transcript.of_kind(*self._kinds))
            missing = "the run ended in an error" if transcript.ending == "error" else ""
            value = None if missing else float(self.count(text))
            out.append(
                DetectorScore(
                    transcript=transcript.id, value=value, unit=self.unit, missing=missing
                )
            )
        return out
