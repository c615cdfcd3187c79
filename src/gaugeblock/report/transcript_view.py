"""Transcripts as the page shows them: who did what, cut where it is too long to read."""

from __future__ import annotations

import hashlib
import json
import re
from typing import NamedTuple

from pydantic import JsonValue

from gaugeblock.report.types import ShownTranscript
from gaugeblock.report.visible import Excerpt, excerpt
from gaugeblock.transcripts import Event, EventKind

ROLES: dict[EventKind, str] = {
    "system": "System prompt",
    "user": "User",
    "reasoning": "Subject, reasoning",
    "message": "Subject",
    "tool_call": "Subject, tool call",
    "malformed_call": "Subject, malformed call",
    "tool_result": "Tool result",
}

ENDINGS = {
    "completed": "ended by itself",
    "token_limit": "cut off at the token limit",
    "turn_limit": "cut off at the turn limit",
    "error": "ended in an error",
}

_NAME_LIMIT = 200


class Limits(NamedTuple):
    """How much of a transcript is shown.

    Attributes:
        text: characters of one text.
        events: events of one transcript.
        arguments: arguments of one tool call.
    """

    text: int
    events: int
    arguments: int


class Part(NamedTuple):
    """A text of an event: named for an argument of a tool call, else with the name ""."""

    name: str
    text: Excerpt


class EventView(NamedTuple):
    """An event laid out: its kind, who it is from, the tool, its texts, arguments left out."""

    kind: EventKind
    role: str
    tool: str
    parts: list[Part]
    more: int


class TranscriptView(NamedTuple):
    """A transcript laid out.

    Attributes:
        shown: the record.
        anchor: the fragment that links to it.
        ending: how it ended, in words.
        witness: whether a verdict rests on it.
        events: those shown.
        more: number of events left out.
    """

    shown: ShownTranscript
    anchor: str
    ending: str
    witness: bool
    events: list[EventView]
    more: int


def transcript_views(shown: tuple[ShownTranscript, ...], limits: Limits) -> list[TranscriptView]:
    """Return transcripts laid out, in order."""
    return [_view(one, limits) for one in shown]


def shown_characters(shown: tuple[ShownTranscript, ...], limits: Limits) -> int:
    """Return how many characters of transcripts the limits let through, about."""
    total = 0
    for one in shown:
        for event in one.transcript.events[: limits.events]:
            total += min(len(event.text), limits.text)
            for value in list(event.arguments.values())[: limits.arguments]:
                total += min(len(_written(value)), limits.text)
    return total


def anchor(prefix: str, name: str) -> str:
    """Return a fragment for a name: the name itself where it is plain, else a hash of it."""
    if re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", name):
        return f"{prefix}-{name}"
    return f"{prefix}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _view(one: ShownTranscript, limits: Limits) -> TranscriptView:
    events = one.transcript.events
    return TranscriptView(
        shown=one,
        anchor=anchor("run", one.transcript.id),
        ending=ENDINGS[one.transcript.ending],
        witness="witness" in one.why.lower(),
        events=[_event(event, limits) for event in events[: limits.events]],
        more=max(0, len(events) - limits.events),
    )


def _event(event: Event, limits: Limits) -> EventView:
    arguments = list(event.arguments.items())
    parts = [
        Part(_short(name), excerpt(_written(value), limits.text))
        for name, value in arguments[: limits.arguments]
    ]
    if event.text and not (event.kind == "tool_call" and parts):
        parts.insert(0, Part("", excerpt(event.text, limits.text)))
    return EventView(
        kind=event.kind,
        role=ROLES[event.kind],
        tool=_short(event.tool or ""),
        parts=parts,
        more=max(0, len(arguments) - limits.arguments),
    )


def _written(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _short(name: str) -> str:
    return name if len(name) <= _NAME_LIMIT else f"{name[:_NAME_LIMIT]}…"
