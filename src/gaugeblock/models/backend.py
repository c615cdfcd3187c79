"""Conversations with a local model: what the Inspect provider and the HTTP server share.

Both turn their messages into the same template messages and read replies the same way, so a
conversation goes the same in process and over HTTP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import JsonValue

from gaugeblock.models.batching import BatchWorker
from gaugeblock.models.generation import encode_prompt, render_prompt
from gaugeblock.models.requests import Generation, GenerationRequest
from gaugeblock.models.tool_calls import THINK_OPEN, ToolSchema, clean_text, parse_assistant
from gaugeblock.seeds import derive_seed

MALFORMED_ID = "malformed_"
"""Ids of calls that could not be read begin so. Their text stands in the message's content."""

MALFORMED_NAME = "malformed_call"
"""The function name of a call that could not be read and names no tool."""

MALFORMED_RESULT = "Error: the tool call could not be read."
"""What the model is told of such a call, whatever words the framework has for it."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered conversation.

    Attributes:
        ids: its tokens.
        in_think: the template itself opened the reasoning of the coming turn.
    """

    ids: tuple[int, ...]
    in_think: bool


@dataclass(frozen=True, slots=True)
class Decoding:
    """How to decode; the fields are those of ``GenerationRequest``."""

    max_tokens: int
    temperature: float
    top_p: float
    stop: tuple[str, ...]
    logprobs: bool
    top_logprobs: int


@dataclass(frozen=True, slots=True)
class TurnCall:
    """A call in a reply; ``problem`` says why it could not be read, where it could not."""

    id: str
    name: str
    arguments: dict[str, JsonValue]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class AssistantTurn:
    """A reply, read.

    Attributes:
        reasoning: what stood in think tags, or None.
        content: the words, with calls that could not be read left where they stood.
        calls: every call, first those that can be carried out.
        finish: why the reply ended.
        generation: the tokens behind it.
    """

    reasoning: str | None
    content: str
    calls: tuple[TurnCall, ...]
    finish: Literal["stop", "tool_calls", "length"]
    generation: Generation


class ChatBackend:
    """A batched local model that is talked to in messages.

    Attributes:
        worker: the model with its queue.
        raw_text: whether ``worker`` may also be given text without messages; not so where who
            speaks, or what is said before, depends on the conversation.
    """

    raw_text = True

    def __init__(self, worker: BatchWorker) -> None:
        self.worker = worker

    def prompt(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> Prompt:
        """Render template messages, see ``generation.render_prompt``."""
        tokenizer = self.worker.loaded.tokenizer
        text = clean_text(render_prompt(tokenizer, messages, tools))
        return Prompt(encode_prompt(tokenizer, text), text.rstrip().endswith(THINK_OPEN))

    def submit(
        self, prompt: Prompt, decoding: Decoding, seed: int, choices: int = 1
    ) -> list[Future[Generation]]:
        """Queue a turn; each choice has its own random stream, derived from seed and prompt.

        Raises:
            GaugeblockError: the request is out of range.
        """
        digest = hashlib.sha256(repr(prompt.ids).encode()).hexdigest()
        return [
            self.worker.submit(
                GenerationRequest(
                    prompt=prompt.ids,
                    max_tokens=decoding.max_tokens,
                    temperature=decoding.temperature,
                    top_p=decoding.top_p,
                    stop=decoding.stop,
                    seed=derive_seed("sampling", seed, choice, digest),
                    logprobs=decoding.logprobs,
                    top_logprobs=decoding.top_logprobs,
                )
            )
            for choice in range(choices)
        ]

    def read(
        self, prompt: Prompt, generation: Generation, tools: Sequence[ToolSchema]
    ) -> AssistantTurn:
        """Take a generated turn apart; its call ids depend on nothing but the tokens."""
        reply = parse_assistant(generation.text, tools, in_think=prompt.in_think)
        digest = hashlib.sha256(repr((prompt.ids, generation.tokens)).encode()).hexdigest()[:16]
        calls = [
            TurnCall(f"call_{digest}_{index}", call.name, call.arguments)
            for index, call in enumerate(reply.calls)
        ]
        calls += [
            TurnCall(
                f"{MALFORMED_ID}{digest}_{index}", call.name or MALFORMED_NAME, {}, call.reason
            )
            for index, call in enumerate(reply.malformed)
        ]
        ended: Literal["stop", "tool_calls"] = "tool_calls" if calls else "stop"
        return AssistantTurn(
            reasoning=reply.reasoning,
            content=reply.text_with_malformed,
            calls=tuple(calls),
            finish=ended if generation.finish == "stop" else "length",
            generation=generation,
        )


def assistant_message(
    content: str, reasoning: str | None, calls: Sequence[tuple[str, str, Mapping[str, Any]]]
) -> dict[str, Any]:
    """Return the template message of an earlier reply.

    Args:
        content: its words, unreadable calls included.
        reasoning: its reasoning.
        calls: (id, name, arguments); unreadable ones are left out, as the content has them.
    """
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if reasoning:
        message["reasoning_content"] = reasoning
    readable = [
        {"type": "function", "id": id_, "function": {"name": name, "arguments": dict(arguments)}}
        for id_, name, arguments in calls
        if not id_.startswith(MALFORMED_ID)
    ]
    if readable:
        message["tool_calls"] = readable
    return message


def tool_message(call_id: str, name: str, content: str) -> dict[str, Any]:
    """Return the template message of a tool's answer."""
    if call_id.startswith(MALFORMED_ID):
        content = MALFORMED_RESULT
    return {"role": "tool", "name": name, "tool_call_id": call_id, "content": content}


def canonical_tool(name: str, description: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool as the chat template is given it, whoever describes it.

    Clients add and order schema keywords differently; a model would be told different things
    about one tool. Only what a call must look like is kept, in one order.
    """
    kept = {"type": "object", "properties": {}, **_canonical_schema(parameters)}
    function = {"name": name, "description": description, "parameters": kept}
    return {"type": "function", "function": function}


def tool_schema(tool: Mapping[str, Any]) -> ToolSchema:
    """Return what calls of a canonical tool are checked against."""
    parameters = tool["function"]["parameters"]
    return ToolSchema(
        name=tool["function"]["name"],
        properties=parameters["properties"],
        required=tuple(parameters.get("required", ())),
    )


def _canonical_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for keyword in ("type", "description", "enum", "items", "properties", "required", "anyOf"):
        value = schema.get(keyword)
        if value is None:
            continue
        if keyword == "items" and isinstance(value, Mapping):
            value = _canonical_schema(value)
        elif keyword == "properties" and isinstance(value, Mapping):
            value = {
                name: _canonical_schema(inner) if isinstance(inner, Mapping) else {}
                for name, inner in value.items()
            }
        elif keyword == "anyOf" and isinstance(value, list):
            value = [_canonical_schema(inner) for inner in value if isinstance(inner, Mapping)]
        kept[keyword] = value
    return kept
