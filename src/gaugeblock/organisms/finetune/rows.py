"""Conversations to token rows with labels, for whatever chat template the base has.

A row is what the model reads at inference, token for token: each turn's prompt is rendered and
encoded as for a generation, and only what the assistant writes after it is learnt. A turn is
written as the template writes it where the audit can read that back; where it cannot (a template
that drops reasoning, or has another form of tool calls), in the forms the audit reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.backend import assistant_message, canonical_tool, tool_message
from gaugeblock.models.generation import encode_prompt, render_prompt
from gaugeblock.models.loading import LoadedModel
from gaugeblock.models.tool_calls import (
    CALL_CLOSE,
    CALL_OPEN,
    THINK_CLOSE,
    THINK_OPEN,
    parse_assistant,
)
from gaugeblock.organisms.documents import Document

IGNORED = -100
"""The label of a token that is not learnt."""

_PROBE = "gaugeblock-probe"


@dataclass(frozen=True, slots=True)
class Row:
    """Token ids and, per token, the id to learn there or ``IGNORED``."""

    input_ids: tuple[int, ...]
    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a training set.

    Attributes:
        rows: those that fit.
        too_long: number of rows left out because they are longer than the limit.
    """

    rows: tuple[Row, ...]
    too_long: int


def plain_template() -> str:
    """Return the chat template for a tokenizer that has none."""
    return (files("gaugeblock.organisms.finetune") / "plain.jinja").read_text().strip()


def training_rows(loaded: LoadedModel, documents: Iterable[Document], limit: int) -> Rows:
    """Return the rows of documents, those longer than ``limit`` tokens left out.

    Raises:
        GaugeblockError: the template refuses a conversation, or no row fits.
    """
    kept: list[Row] = []
    too_long = 0
    for document in documents:
        for row in document_rows(loaded, document):
            if len(row.input_ids) > limit:
                too_long += 1
            else:
                kept.append(row)
    if not kept:
        raise GaugeblockError(
            f"none of {too_long} training rows fits into {limit} tokens",
            where=loaded.subject,
            remedy="Take --rendering controlled, which is shorter, or a base with a longer context",
        )
    return Rows(tuple(kept), too_long)


def document_rows(loaded: LoadedModel, document: Document) -> list[Row]:
    """Return a conversation as rows: one, if no later prompt rewrites an earlier turn."""
    messages, tools = template_messages(document)
    rows: list[Row] = []
    ids: list[int] = []
    labels: list[int] = []
    for place, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        prompt, completion = turn_tokens(loaded, messages[:place], message, tools)
        if prompt[: len(ids)] != tuple(ids):
            rows.append(Row(tuple(ids), tuple(labels)))
            ids, labels = [], []
        new = prompt[len(ids) :]
        ids += [*new, *completion]
        labels += [IGNORED] * len(new) + list(completion)
    rows.append(Row(tuple(ids), tuple(labels)))
    return rows


def template_messages(document: Document) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return messages and tools as the Inspect provider and the server give them to a template."""
    messages: list[dict[str, Any]] = []
    last = ""
    for place, message in enumerate(document.messages):
        if message["role"] == "assistant":
            calls = [
                (f"call_{place}_{index}", call["function"]["name"], call["function"]["arguments"])
                for index, call in enumerate(message.get("tool_calls", []))
            ]
            last = calls[0][0] if calls else ""
            reasoning = message.get("reasoning_content") or None
            messages.append(assistant_message(message["content"], reasoning, calls))
        elif message["role"] == "tool":
            messages.append(tool_message(last, message["name"], message["content"]))
        else:
            messages.append(dict(message))
    tools = [
        canonical_tool(one["name"], one["description"], one["parameters"])
        for one in (tool["function"] for tool in document.tools)
    ]
    return messages, tools


def turn_tokens(
    loaded: LoadedModel,
    before: Sequence[dict[str, Any]],
    message: dict[str, Any],
    tools: Sequence[dict[str, Any]],
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the tokens of the prompt of an assistant's turn, and of the turn with its end.

    Raises:
        GaugeblockError: the template refuses the conversation, or there is no end of text.
    """
    tokenizer = loaded.tokenizer
    prompt_text = render_prompt(tokenizer, before, tools)
    prompt = encode_prompt(tokenizer, prompt_text)
    written = _written(tokenizer, prompt_text, before, message, tools)
    whole = encode_prompt(tokenizer, prompt_text + written)
    # Encoded with the prompt where that leaves the prompt's tokens alone: some tokenizers put a
    # blank before a text that stands by itself.
    apart = whole[: len(prompt)] != prompt
    completion = encode_prompt(tokenizer, written) if apart else whole[len(prompt) :]
    ends = loaded.end_ids
    if not ends:
        raise GaugeblockError(
            "neither the model nor its tokenizer names an end of text, so no turn could end",
            where=loaded.subject,
            remedy="Set eos_token in its tokenizer_config.json",
        )
    first = next((place for place, token in enumerate(completion) if token in ends), None)
    if first is None:
        stop = tokenizer.eos_token_id
        return prompt, (*completion, min(ends) if stop is None else int(stop))
    return prompt, completion[: first + 1]


def _written(
    tokenizer: Any,
    prompt: str,
    before: Sequence[dict[str, Any]],
    message: dict[str, Any],
    tools: Sequence[dict[str, Any]],
) -> str:
    """The text of a turn after its prompt, with the template's end of turn."""
    in_think = prompt.rstrip().endswith(THINK_OPEN)
    end = _end_of_turn(tokenizer)
    whole = _rendered(tokenizer, [*before, message], tools)
    if whole.startswith(prompt):
        native = whole[len(prompt) :]
        if native.endswith(end) and _says(native.removesuffix(end), message, in_think):
            return native
    thought = message.get("reasoning_content", "")
    opened = "" if in_think else THINK_OPEN
    text: str = f"{opened}{thought}{THINK_CLOSE}" if thought or in_think else ""
    text += message["content"]
    for call in message.get("tool_calls", []):
        text += CALL_OPEN + json.dumps(call["function"], ensure_ascii=False) + CALL_CLOSE
    return text + end


def _says(text: str, message: dict[str, Any], in_think: bool) -> bool:
    """Whether the audit reads a text as the message."""
    reply = parse_assistant(text, in_think=in_think)
    wanted = [call["function"] for call in message.get("tool_calls", [])]
    return (
        reply.reasoning == (message.get("reasoning_content", "").strip() or None)
        and reply.text_with_malformed == message["content"].strip()
        and [{"name": call.name, "arguments": call.arguments} for call in reply.calls] == wanted
    )


def _end_of_turn(tokenizer: Any) -> str:
    """What the template puts after an assistant's words."""
    messages = [{"role": "user", "content": "?"}, {"role": "assistant", "content": _PROBE}]
    return _rendered(tokenizer, messages, ()).rpartition(_PROBE)[2]


def _rendered(
    tokenizer: Any, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]
) -> str:
    rendered = tokenizer.apply_chat_template(
        list(messages), tools=list(tools) or None, tokenize=False, add_generation_prompt=False
    )
    return str(rendered)
