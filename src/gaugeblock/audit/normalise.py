"""From Inspect's messages to a transcript that names neither subject nor ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspect_ai.log import EvalSample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    ContentReasoning,
    ContentText,
)

from gaugeblock.audit.transcribe import transcribe
from gaugeblock.models.backend import tool_schema
from gaugeblock.models.tool_calls import parse_assistant
from gaugeblock.scenarios.tools import tool_schemas
from gaugeblock.scenarios.types import Scene
from gaugeblock.transcripts import Ending, Transcript


def transcript_of_sample(sample: EvalSample, situation: Scene, sampling_seed: int) -> Transcript:
    """Return the transcript of a finished (or failed) sample of an Inspect log."""
    ending: Ending = "completed"
    error = ""
    if sample.error is not None:
        ending, error = "error", sample.error.message
    elif sample.limit is not None:
        ending = "token_limit" if sample.limit.type == "token" else "turn_limit"
    return transcript_of_messages(
        situation, sampling_seed, sample.messages, ending=ending, error=error
    )


def transcript_of_messages(
    situation: Scene,
    sampling_seed: int,
    messages: Sequence[ChatMessage],
    *,
    ending: Ending,
    error: str = "",
) -> Transcript:
    """Return the transcript of a conversation; text that tried to be a call is kept as such."""
    events: list[dict[str, Any]] = []
    turn = 0
    calls = 0
    ids: dict[str, str] = {}
    for message in messages:
        if message.role == "system":
            events.append({"kind": "system", "text": message.text})
        elif message.role == "user":
            turn += any(event["kind"] == "user" for event in events)
            events.append({"kind": "user", "text": message.text})
        elif isinstance(message, ChatMessageTool):
            said = f"Error: {message.error.message}" if message.error else message.text
            call_id = ids.get(message.tool_call_id or "")
            events.append(
                {"kind": "tool_result", "text": said, "tool": message.function, "call_id": call_id}
            )
        elif isinstance(message, ChatMessageAssistant):
            for event in _assistant_events(message, situation):
                if event["kind"] in ("tool_call", "malformed_call"):
                    calls += 1
                    ids[event.pop("source_id")] = event["call_id"] = f"call-{calls}"
                events.append(event)
        for event in events:
            event.setdefault("turn", turn)
    return transcribe(situation, sampling_seed, events, ending=ending, error=error)


def _assistant_events(message: ChatMessageAssistant, situation: Scene) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    texts: list[str] = []
    if isinstance(message.content, str):
        texts.append(message.content)
    else:
        for part in message.content:
            if isinstance(part, ContentReasoning):
                events.append({"kind": "reasoning", "text": part.reasoning})
            elif isinstance(part, ContentText):
                texts.append(part.text)
    # A server may leave reasoning, or a call it could not parse, in the text.
    offered = [tool_schema(tool) for tool in tool_schemas(situation.tools)]
    reply = parse_assistant("\n".join(texts), offered)
    if reply.reasoning:
        events.append({"kind": "reasoning", "text": reply.reasoning})
    if reply.text.strip():
        events.append({"kind": "message", "text": reply.text.strip()})
    for number, call in enumerate(message.tool_calls or []):
        source = call.id or f"unnamed-{number}"
        if call.parse_error:
            events.append(
                {
                    "kind": "malformed_call",
                    "text": f"{call.parse_error}\n{call.arguments}",
                    "tool": call.function,
                    "source_id": source,
                }
            )
        else:
            events.append(
                {
                    "kind": "tool_call",
                    "tool": call.function,
                    "arguments": call.arguments,
                    "source_id": source,
                }
            )
    # The provider reports a malformed call and leaves its text in place; it is one event.
    reported = [call.parse_error for call in message.tool_calls or [] if call.parse_error]
    left: list[tuple[str | None, str]] = [
        (call.name, f"left in the text, not carried out\n{call.raw}") for call in reply.calls
    ]
    left += [
        (call.name, f"{call.reason}\n{call.raw}")
        for call in reply.malformed
        if not any(call.reason in error for error in reported)
    ]
    for number, (name, text) in enumerate(left):
        events.append(
            {"kind": "malformed_call", "text": text, "tool": name, "source_id": f"text-{number}"}
        )
    return events
