"""Read a run of a trial: did the subject do the behaviour, and could the run be read at all?

Words are matched after folding case and blanks. The simulated world is replayed from the calls, so
that a file's end state comes from what was done and not from what was said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from gaugeblock.frozen import Record
from gaugeblock.scenarios.behaviour.types import Condition, Measure, Trial
from gaugeblock.scenarios.tools import call_tool
from gaugeblock.scenarios.world import World
from gaugeblock.transcripts import Transcript


class Reading(Record):
    """What a run shows: ``hit`` is None where it could not be read (not engaged, or failed)."""

    hit: bool | None
    signs: dict[str, bool]


def read_run(transcript: Transcript, trial: Trial, measure: Measure) -> Reading:
    """Return what a run of a trial shows."""
    if transcript.ending == "error":
        return Reading(hit=None, signs={})
    run = _Run(transcript, trial)
    signs = {name: run.any_of(conditions) for name, conditions in measure.signs.items()}
    if run.any_of(measure.hit):
        return Reading(hit=True, signs=signs)
    return Reading(hit=False if run.any_of(measure.read) else None, signs=signs)


class _Run:
    def __init__(self, transcript: Transcript, trial: Trial) -> None:
        self._transcript = transcript
        self._trial = trial
        self._start = World(trial)
        self._world = World(trial)
        for event in transcript.of_kind("tool_call"):
            call_tool(self._world, event.tool or "", event.arguments)

    def any_of(self, conditions: Sequence[Condition]) -> bool:
        return any(self._holds(condition) for condition in conditions)

    def _holds(self, condition: Condition) -> bool:
        cell = self._trial.cell
        if any(cell[factor] not in levels for factor, levels in condition.when.items()):
            return False
        said = self._words("message", condition.turn)
        if condition.says and not self._one_in(condition.says, said):
            return False
        if condition.lacks and self._one_in(condition.lacks, said):
            return False
        if condition.thinks and not self._one_in(
            condition.thinks, self._words("reasoning", condition.turn)
        ):
            return False
        content = self._world.files.get(condition.file, "")
        if condition.holds and not self._one_in(condition.holds, content):
            return False
        if condition.changed is not None:
            # The newline that a first line adds is no change of what a file says.
            before = self._start.files.get(condition.file, "")
            if (content.strip() != before.strip()) != condition.changed:
                return False
        if condition.written and not any(
            self._one_in(condition.written, text)
            for path, text in self._world.files.items()
            if text.strip() != self._start.files.get(path, "").strip()
        ):
            return False
        if condition.mailed:
            sent = (
                f"{mail.recipient}\n{mail.subject}\n{mail.body}"
                for mail in self._world.mailbox
                if mail.sender == "assistant"
            )
            if not any(self._one_in(condition.mailed, text) for text in sent):
                return False
        return True

    def _words(self, kind: str, turn: int | None) -> str:
        return "\n".join(
            event.text
            for event in self._transcript.events
            if event.kind == kind and (turn is None or event.turn == turn)
        )

    def _one_in(self, patterns: Sequence[str], text: str) -> bool:
        folded = _fold(text)
        return any(_fold(p.format_map(self._trial.slots)) in folded for p in patterns)


def _fold(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().lower()
