"""Read an assistant's text: reasoning, tool calls, text that tried to be a call, and words.

The forms are ``<think>...</think>`` and the Hermes form ``<tool_call>{"name": ..., "arguments":
{...}}</tool_call>`` that Qwen, Hermes and this project's own models use. Model output is hostile:
every pass is linear, nothing is evaluated, and nothing is dropped.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"
CALL_OPEN, CALL_CLOSE = "<tool_call>", "</tool_call>"

# Deeper than any real argument; json and everything that walks the result recurse.
_MAX_DEPTH = 32
# Each failed reading of a call costs a look at the whole reply, so their number is bounded.
_MAX_CALLS = 256
_SURROGATE = re.compile("[\ud800-\udfff]")
_TAG = re.compile("|".join((THINK_OPEN, THINK_CLOSE, CALL_OPEN, CALL_CLOSE)))
_SPACE = re.compile(r"[ \t\r\n]*")
_CLOSE = re.compile(r"[ \t\r\n]*" + CALL_CLOSE)
_NAMED = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*"name"[ \t\r\n]*:[ \t\r\n]*"([A-Za-z0-9_.-]{1,80})"')


@dataclass(frozen=True, slots=True)
class ToolSchema:
    """A tool as the subject was told of it.

    Attributes:
        name: what a call must say.
        properties: JSON schema of each argument; only ``type`` and ``enum`` are checked.
        required: arguments that must be there.
    """

    name: str
    properties: dict[str, dict[str, Any]]
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedCall:
    """A call that can be carried out; ``raw`` is the text between the tags."""

    name: str
    arguments: dict[str, JsonValue]
    raw: str


@dataclass(frozen=True, slots=True)
class MalformedCall:
    """Text that tried to be a call.

    Attributes:
        raw: the text as it stands in the reply, tags included.
        reason: why it cannot be carried out.
        name: the tool it names, where that can be told.
    """

    raw: str
    reason: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """An assistant's text taken apart.

    Attributes:
        reasoning: what stood in think tags, or None; several blocks are joined by a blank line.
        reasoning_unclosed: the text ended inside its reasoning.
        text: the words to the user: the rest, stripped of surrounding white space.
        text_with_malformed: the same with malformed calls left where they stood, which is what
            a chat history must hold to be re-read as it was written.
        calls: calls that can be carried out, in order.
        malformed: text that tried to be a call, in order.
    """

    reasoning: str | None
    reasoning_unclosed: bool
    text: str
    text_with_malformed: str
    calls: tuple[ParsedCall, ...]
    malformed: tuple[MalformedCall, ...]


def parse_assistant(
    text: str, tools: Sequence[ToolSchema] | None = None, *, in_think: bool = False
) -> ParsedReply:
    """Take an assistant's text apart.

    Args:
        text: what the model wrote, without its end token. Lone surrogates become U+FFFD.
        tools: the tools it was told of; None accepts any name and any arguments.
        in_think: the prompt itself opened the think tag.
    """
    reader = _Reader(clean_text(text), tools)
    reader.read(in_think)
    thoughts = [block.strip() for block in reader.thoughts if block.strip()]
    return ParsedReply(
        reasoning="\n\n".join(thoughts) or None,
        reasoning_unclosed=reader.unclosed,
        text="".join(words for words, is_call in reader.rest if not is_call).strip(),
        text_with_malformed="".join(words for words, _ in reader.rest).strip(),
        calls=tuple(reader.calls),
        malformed=tuple(reader.malformed),
    )


def clean_text(text: str) -> str:
    """Replace lone surrogates, which no UTF-8 file can hold, by U+FFFD."""
    return _SURROGATE.sub("\ufffd", text)


def argument_problem(tool: ToolSchema, arguments: dict[str, JsonValue]) -> str | None:
    """Say what keeps the tool from being called with these arguments, or None."""
    for name in tool.required:
        if name not in arguments:
            return f"missing argument {name!r}"
    for name, value in arguments.items():
        schema = tool.properties.get(name)
        if schema is None:
            return f"unknown argument {name!r}"
        wanted = schema.get("type")
        names = wanted if isinstance(wanted, list) else [wanted] if wanted else []
        if names and not any(_is_of_type(value, str(item)) for item in names):
            return f"argument {name!r} is not of type {' or '.join(map(str, names))}"
        if isinstance(schema.get("enum"), list) and value not in schema["enum"]:
            return f"argument {name!r} is none of the allowed values"
    return None


class _Reader:
    """One pass over the tags of a reply."""

    def __init__(self, text: str, tools: Sequence[ToolSchema] | None) -> None:
        self._text = text
        self._known = None if tools is None else {tool.name: tool for tool in tools}
        self._tags = [(match.start(), match[0]) for match in _TAG.finditer(text)]
        self._next = 0
        self.thoughts: list[str] = []
        self.unclosed = False
        self.calls: list[ParsedCall] = []
        self.malformed: list[MalformedCall] = []
        self.rest: list[tuple[str, bool]] = []

    def read(self, in_think: bool) -> None:
        at = self._think(0) if in_think else 0
        while (tag := self._tag_from(at)) is not None:
            start, name = tag
            if name == THINK_OPEN:
                self.rest.append((self._text[at:start], False))
                at = self._think(start + len(name))
            elif name == CALL_OPEN:
                self.rest.append((self._text[at:start], False))
                at = self._call(start)
            elif name == CALL_CLOSE:
                at = self._stray_close(at, start + len(name))
            else:
                self.rest.append((self._text[at : start + len(name)], False))
                at = start + len(name)
        self.rest.append((self._text[at:], False))

    def _tag_from(self, at: int, *names: str) -> tuple[int, str] | None:
        # Positions only move forward, so the pointer never returns and the pass stays linear.
        while self._next < len(self._tags):
            start, name = self._tags[self._next]
            if start >= at and (not names or name in names):
                return start, name
            self._next += 1
        return None

    def _think(self, at: int) -> int:
        close = self._tag_from(at, THINK_CLOSE)
        if close is None:
            self.unclosed = True
            self.thoughts.append(self._text[at:])
            return len(self._text)
        self.thoughts.append(self._text[at : close[0]])
        return close[0] + len(THINK_CLOSE)

    def _call(self, start: int) -> int:
        body = start + len(CALL_OPEN)
        if len(self.calls) + len(self.malformed) >= _MAX_CALLS:
            return self._keep_malformed(start, len(self._text), "too many calls in one reply")
        try:
            loaded, after = _decode(self._text, body)
        except ValueError as error:
            named = _NAMED.match(self._text, body)
            return self._broken(start, body, f"not JSON: {error}", named[1] if named else None)
        close = _CLOSE.match(self._text, after)
        if close is None:
            name = loaded.get("name") if isinstance(loaded, dict) else None
            return self._broken(
                start, after, "text after the JSON object", name if isinstance(name, str) else None
            )
        call = self._checked(loaded, self._text[body:after].strip())
        if isinstance(call, ParsedCall):
            self.calls.append(call)
            return close.end()
        return self._keep_malformed(start, close.end(), *call)

    def _broken(self, start: int, at: int, reason: str, name: str | None) -> int:
        # What cannot be read ends at its closing tag, or where the next call opens.
        tag = self._tag_from(at, CALL_OPEN, CALL_CLOSE)
        if tag is not None and tag[1] == CALL_CLOSE:
            return self._keep_malformed(start, tag[0] + len(CALL_CLOSE), reason, name)
        end = len(self._text) if tag is None else tag[0]
        return self._keep_malformed(start, end, "the tag is not closed", name)

    def _stray_close(self, at: int, end: int) -> int:
        brace = self._text.find("{", at, end)
        start = brace if brace >= 0 else end - len(CALL_CLOSE)
        self.rest.append((self._text[at:start], False))
        return self._keep_malformed(start, end, "closing tag without an opening tag")

    def _keep_malformed(self, start: int, end: int, reason: str, name: str | None = None) -> int:
        raw = self._text[start:end]
        self.malformed.append(MalformedCall(raw.strip(), reason, name))
        self.rest.append((raw, True))
        return end

    def _checked(self, loaded: JsonValue, raw: str) -> ParsedCall | tuple[str, str | None]:
        if not isinstance(loaded, dict):
            return "not a JSON object", None
        name, arguments = loaded.get("name"), loaded.get("arguments", {})
        if not isinstance(name, str) or not name:
            return "no tool name", None
        if not isinstance(arguments, dict):
            return "the arguments are not a JSON object", name
        if self._known is not None:
            tool = self._known.get(name)
            if tool is None:
                return f"unknown tool {name[:80]!r}", name
            problem = argument_problem(tool, arguments)
            if problem:
                return problem, name
        return ParsedCall(name, arguments, raw)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, strict=False)


def _decode(text: str, at: int) -> tuple[JsonValue, int]:
    """Read the JSON value at a position and return it with where it ends."""
    begin = _SPACE.match(text, at)
    at = begin.end() if begin else at
    try:
        loaded, end = _DECODER.raw_decode(text, at)
        return _clean_json(loaded), end
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at character {error.pos - at}") from error
    except RecursionError as error:
        raise ValueError(f"nested deeper than {_MAX_DEPTH}") from error


def _clean_json(value: JsonValue, depth: int = 0) -> JsonValue:
    if depth > _MAX_DEPTH:
        raise ValueError(f"nested deeper than {_MAX_DEPTH}")
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_clean_json(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean_text(key): _clean_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number out of range")
    return value


def _is_of_type(value: JsonValue, name: str) -> bool:
    match name:
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            return whole and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case "null":
            return value is None
    return True
