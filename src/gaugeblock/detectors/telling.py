"""How a transcript is told to whoever reads it: a judge, a model's template, or the subject."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from gaugeblock.transcripts import Event, EventKind, Transcript

BY_SUBJECT: tuple[EventKind, ...] = ("reasoning", "message", "tool_call", "malformed_call")
"""What the subject wrote."""

LONGEST_EVENT = 4000
"""Characters of one event that a judge is shown."""

T = TypeVar("T")


def as_material(transcript: Transcript, kinds: Sequence[EventKind] | None = None) -> str:
    """Return the events as JSON, one a line, so that no text can pass for an instruction.

    Args:
        transcript: the run.
        kinds: events to tell; None for all.
    """
    return "\n".join(
        json.dumps(
            {
                "turn": event.turn,
                "kind": event.kind,
                "tool": event.tool,
                "arguments": event.arguments,
                "text": event.text[:LONGEST_EVENT],
            },
            ensure_ascii=True,
        )
        for event in transcript.events
        if kinds is None or event.kind in kinds
    )


def as_turns(transcript: Transcript) -> list[tuple[str, list[Event]]]:
    """Return the roles (system, user, assistant, tool) in turn, each with its events."""
    roles = {"system": "system", "user": "user", "tool_result": "tool"}
    turns: list[tuple[str, list[Event]]] = []
    for event in transcript.events:
        role = roles.get(event.kind, "assistant")
        if role == "assistant" and turns and turns[-1][0] == role:
            turns[-1][1].append(event)
        else:
            turns.append((role, [event]))
    return turns


def told_call(event: Event) -> str:
    """Return a tool call in words that any model can read, its arguments as JSON."""
    if event.text:
        return event.text
    return f"[calls {event.tool} {json.dumps(event.arguments, ensure_ascii=False)}]"


def run_now(work: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine returns, also where an event loop is already running."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    # A loop cannot wait on itself; a thread of its own has none.
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()
