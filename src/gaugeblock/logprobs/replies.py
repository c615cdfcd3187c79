"""Reading the replies of OpenAI-compatible servers: chat, completions and Responses forms."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.rows import TopEntry, loads_json, parse_entry
from gaugeblock.logprobs.source import Answer

Api = Literal["chat", "completions", "responses"]


def parse_body(text: str, where: str) -> Mapping[str, Any]:
    """Parse the body of a reply, numbers keeping their text.

    Raises:
        GaugeblockError: if the body is not a JSON object; a page of HTML is named as such.
    """
    try:
        body = loads_json(text)
    except json.JSONDecodeError as error:
        if text.lstrip()[:1] == "<":
            raise GaugeblockError(
                "the endpoint answered with a page of HTML, not JSON",
                where=where,
                remedy="A proxy or login page stands in between, or the base URL lacks /v1",
            ) from error
        raise GaugeblockError("the endpoint's answer is not JSON", where=where) from error
    if not isinstance(body, Mapping):
        raise GaugeblockError("the endpoint's answer is not a JSON object", where=where)
    return body


def _missing(field: str, where: str) -> GaugeblockError:
    return GaugeblockError(
        f"the endpoint's answer has no field {field}",
        where=where,
        remedy="Try another --api form: chat, completions or responses",
    )


def _first(body: Mapping[str, Any], field: str, where: str) -> Mapping[str, Any]:
    items = body.get(field)
    if not isinstance(items, Sequence) or not items or not isinstance(items[0], Mapping):
        raise _missing(field, where)
    first: Mapping[str, Any] = items[0]
    return first


def _position(raw: object, where: str) -> tuple[tuple[TopEntry, ...], TopEntry | None]:
    """Read one element of a chat-form logprobs list."""
    if not isinstance(raw, Mapping):
        return (), None
    top = tuple(parse_entry(entry, where) for entry in raw.get("top_logprobs") or ())
    chosen = parse_entry(raw, where) if "logprob" in raw else None
    return top, chosen


def _content(logprobs: object, where: str) -> tuple[tuple[TopEntry, ...], TopEntry | None]:
    content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    return _position(content[0], where) if content else ((), None)


def _legacy(logprobs: Mapping[str, Any], where: str) -> Answer:
    """Read the completions form, where the list is keyed by the token's text."""
    tops, tokens = logprobs.get("top_logprobs") or (), logprobs.get("tokens") or ()
    numbers = logprobs.get("token_logprobs") or ()
    top: tuple[TopEntry, ...] = ()
    if tops and isinstance(tops[0], Mapping):
        pairs = [{"token": token, "logprob": value} for token, value in tops[0].items()]
        top = tuple(parse_entry(pair, where) for pair in pairs)
    chosen = None
    if tokens and numbers:
        chosen = parse_entry({"token": tokens[0], "logprob": numbers[0]}, where)
    return Answer("", top, chosen)


def read_answer(body: Mapping[str, Any], api: Api, where: str) -> Answer:
    """Read the first position of a reply.

    Missing logprobs give an empty list, which the hygiene check names; a reply of the wrong shape
    is an error.

    Raises:
        GaugeblockError: if the reply has not the shape of ``api``.
    """
    if api == "responses":
        return _read_response(body, where)
    choice = _first(body, "choices", where)
    logprobs = choice.get("logprobs")
    if api == "chat":
        message = choice.get("message")
        if not isinstance(message, Mapping):
            raise _missing("choices[0].message", where)
        text = str(message.get("content") or "")
        return Answer(text, *_content(logprobs, where))
    text = str(choice.get("text") or "")
    if isinstance(logprobs, Mapping) and "content" not in logprobs:
        answer = _legacy(logprobs, where)
        return Answer(text, answer.top, answer.chosen)
    return Answer(text, *_content(logprobs, where))


def _read_response(body: Mapping[str, Any], where: str) -> Answer:
    output = body.get("output")
    if not isinstance(output, Sequence):
        raise _missing("output", where)
    for item in output:
        parts = item.get("content") if isinstance(item, Mapping) else None
        for part in parts or ():
            if isinstance(part, Mapping) and part.get("type") == "output_text":
                listed = part.get("logprobs") or ()
                top, chosen = _position(listed[0], where) if listed else ((), None)
                return Answer(str(part.get("text") or ""), top, chosen)
    raise _missing("output[].content[] of type output_text", where)
