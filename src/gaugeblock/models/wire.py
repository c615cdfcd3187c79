"""OpenAI's wire format: what requests may hold, and how replies are written.

What a request asks for and the server cannot do is refused, never ignored: a client that believes
its ``logit_bias`` was applied measures something else than it thinks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.backend import (
    MALFORMED_ID,
    AssistantTurn,
    assistant_message,
    canonical_tool,
    tool_message,
)
from gaugeblock.models.tool_calls import clean_text

_DEFAULTS: dict[str, tuple[Any, ...]] = {
    "frequency_penalty": (None, 0, 0.0),
    "presence_penalty": (None, 0, 0.0),
    "logit_bias": (None, {}),
    "response_format": (None, {"type": "text"}),
    "functions": (None, []),
    "function_call": (None, "none", "auto"),
    "best_of": (None, 1),
    "suffix": (None, ""),
}


class _Request(BaseModel):
    """What both endpoints take; fields that change no token (``user``, ``metadata``) may come."""

    model_config = ConfigDict(extra="allow")

    model: str
    temperature: float | None = Field(None, ge=0, le=100)
    top_p: float | None = Field(None, gt=0, le=1)
    stop: str | list[str] | None = None
    seed: int | None = None
    n: int | None = Field(None, ge=1, le=128)
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None

    @field_validator("stop")
    @classmethod
    def _stop_strings(cls, value: str | list[str] | None) -> str | list[str] | None:
        if any(not text for text in ([value] if isinstance(value, str) else value or [])):
            raise ValueError("stop strings must not be empty")
        return value

    def stops(self) -> tuple[str, ...]:
        """Return the stop strings."""
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())

    def refuse_unsupported(self) -> None:
        """Refuse settings that would change the result and are not carried out.

        Raises:
            GaugeblockError: naming the first of them.
        """
        for name, value in (self.model_extra or {}).items():
            if name in _DEFAULTS and value not in _DEFAULTS[name]:
                raise GaugeblockError("not supported by this server", where=name)


class ChatRequest(_Request):
    """The body of POST /v1/chat/completions."""

    messages: list[dict[str, Any]] = Field(min_length=1)
    tools: list[dict[str, Any]] | None = None
    tool_choice: Literal["none", "auto"] | None = None
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)


class CompletionRequest(_Request):
    """The body of POST /v1/completions."""

    prompt: str | list[str] | list[int] | list[list[int]]
    max_tokens: int | None = Field(None, ge=0)
    echo: bool | None = None
    logprobs: int | None = Field(None, ge=0, le=20)

    def prompts(self) -> list[str] | list[list[int]]:
        """Return the prompts one by one.

        Raises:
            GaugeblockError: there is none.
        """
        if isinstance(self.prompt, str):
            return [self.prompt]
        if not self.prompt:
            raise GaugeblockError("the prompt is empty", where="prompt")
        if isinstance(self.prompt[0], int):
            return [[item for item in self.prompt if isinstance(item, int)]]
        return self.prompt


def tools_from_wire(tools: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """Return the tools as the chat template is given them.

    Raises:
        GaugeblockError: one is not a function with a name and an object of parameters.
    """
    found = []
    for index, tool in enumerate(tools or ()):
        function = tool.get("function")
        where = f"tools[{index}]"
        if tool.get("type") != "function" or not isinstance(function, Mapping):
            raise GaugeblockError("only function tools are supported", where=where)
        name, parameters = function.get("name"), function.get("parameters") or {}
        if not isinstance(name, str) or not name:
            raise GaugeblockError("the function has no name", where=where)
        if not isinstance(parameters, Mapping) or not isinstance(
            parameters.get("properties") or {}, Mapping
        ):
            raise GaugeblockError("the parameters are not a JSON schema object", where=where)
        found.append(canonical_tool(name, str(function.get("description") or ""), parameters))
    return found


def messages_from_wire(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages as the chat template takes them.

    Raises:
        GaugeblockError: a role, a content part or a tool call is not what it must be.
    """
    names: dict[str, str] = {}
    found = []
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        role = message.get("role")
        text = _text(message.get("content"), where)
        if role in ("system", "developer", "user"):
            found.append({"role": "user" if role == "user" else "system", "content": text})
        elif role == "assistant":
            reasoning = message.get("reasoning_content") or message.get("reasoning")
            reasoning = reasoning if isinstance(reasoning, str) else None
            if reasoning:
                # Inspect puts a newline before the words of a message that has reasoning.
                text = text.removeprefix("\n")
            calls = [_call(call, where) for call in message.get("tool_calls") or []]
            names.update({id_: name for id_, name, _ in calls})
            found.append(assistant_message(text, reasoning, calls))
        elif role == "tool":
            call_id = str(message.get("tool_call_id") or "")
            name = names.get(call_id) or str(message.get("name") or "")
            found.append(tool_message(call_id, name, text))
        else:
            raise GaugeblockError(f"unknown role {str(role)[:40]!r}", where=where)
    return found


def message_to_wire(turn: AssistantTurn) -> dict[str, Any]:
    """Return a reply as an OpenAI message.

    Reasoning travels as ``reasoning_content``. A call that could not be read stays in the
    content as it was written, and is also listed with an id that begins with ``malformed_`` and
    arguments that are no JSON (``{malformed: reason}``), so that clients see a failed call.
    """
    message: dict[str, Any] = {"role": "assistant", "content": turn.content, "refusal": None}
    if turn.reasoning:
        message["reasoning_content"] = turn.reasoning
    if turn.calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {
                    "name": call.name,
                    "arguments": json.dumps(call.arguments, ensure_ascii=False)
                    if call.problem is None
                    else f"{{malformed: {call.problem}}}",
                },
            }
            for call in turn.calls
        ]
    return message


def _text(content: Any, where: str) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return clean_text(content)
    parts = content if isinstance(content, list) else [content]
    words = []
    for part in parts:
        if not isinstance(part, Mapping) or part.get("type") not in ("text", "refusal"):
            raise GaugeblockError("only text content is supported", where=where)
        words.append(clean_text(str(part.get("text") or part.get("refusal") or "")))
    return "\n".join(words)


def _call(call: Any, where: str) -> tuple[str, str, dict[str, Any]]:
    function = call.get("function") if isinstance(call, Mapping) else None
    if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
        raise GaugeblockError("a tool call has no function with a name", where=where)
    call_id, name = str(call.get("id") or ""), function["name"]
    if call_id.startswith(MALFORMED_ID):
        return call_id, name, {}
    try:
        arguments = json.loads(function.get("arguments") or "{}")
    except (ValueError, TypeError, RecursionError) as error:
        raise GaugeblockError("a tool call's arguments are not JSON", where=where) from error
    if not isinstance(arguments, dict):
        raise GaugeblockError("a tool call's arguments are not an object", where=where)
    return call_id, name, arguments
