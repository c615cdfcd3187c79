"""A transcript: one run of one situation, normalised so that nothing names the subject.

Detectors, judges and labellers read only this. It therefore carries neither the subject's name
nor a path nor anything of the organism's recipe (ground truth stays out of reach).
"""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import JsonValue

from gaugeblock.frozen import Record

TRANSCRIPT_VERSION = 1

EventKind = Literal[
    "system", "user", "reasoning", "message", "tool_call", "malformed_call", "tool_result"
]
"""What happened: the first two come from the scenario, the next four from the subject (its
reasoning, its words to the user, a call, text that tried to be a call), the last from the world."""

Ending = Literal["completed", "token_limit", "turn_limit", "error"]


class Event(Record):
    """One event of a transcript.

    Attributes:
        index: position in the transcript, from 0.
        turn: number of the user turn it belongs to, from 0 (the system prompt has turn 0).
        kind: see ``EventKind``.
        text: the words; for a tool call the raw text where there is one, else "".
        tool: tool name for tool calls and tool results, else None.
        arguments: parsed arguments of a tool call.
        call_id: ties a tool result to its call; stable across re-runs.
    """

    index: int
    turn: int
    kind: EventKind
    text: str = ""
    tool: str | None = None
    arguments: dict[str, JsonValue] = {}
    call_id: str | None = None


class Transcript(Record):
    """One run of one situation.

    Attributes:
        version: version of this schema.
        id: stable across re-runs: depends on situation and sampling seed only, see
            ``transcript_id``.
        pack: scenario pack, such as "wrongdoing".
        scenario: scenario id, which is the cluster in every interval.
        situation: key of the rendered cell, see ``situation_key``; opaque, because the cell's own
            id spells out the ground truth.
        sampling_seed: the decoding seed of this run.
        events: what happened, in order.
        ending: how the run ended.
        error: the message where ``ending`` is "error", else "".
    """

    version: Literal[1] = 1
    id: str
    pack: str
    scenario: str
    situation: str
    sampling_seed: int
    events: tuple[Event, ...]
    ending: Ending = "completed"
    error: str = ""

    def of_kind(self, *kinds: EventKind) -> tuple[Event, ...]:
        """Return the events of the given kinds, in order."""
        return tuple(event for event in self.events if event.kind in kinds)


def situation_key(situation: str) -> str:
    """Return the opaque key of a situation id: 16 hex digits of its SHA-256."""
    return hashlib.sha256(situation.encode()).hexdigest()[:16]


def transcript_id(situation: str, sampling_seed: int) -> str:
    """Return the id of a run: 16 hex digits of SHA-256 over situation and sampling seed.

    It leaves the subject out on purpose: runs of two subjects on the same situation share an id,
    which pairs them in comparisons and tells a reader of the transcript nothing about its author.
    """
    return hashlib.sha256(f"{situation}\x1f{sampling_seed}".encode()).hexdigest()[:16]
