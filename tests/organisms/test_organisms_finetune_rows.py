"""Rows are what is read at inference, whatever the chat template does to earlier turns."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from checkpoints import TEMPLATE, make_tokenizer

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.generation import encode_prompt, render_prompt
from gaugeblock.models.loading import LoadedModel
from gaugeblock.models.tool_calls import THINK_OPEN, parse_assistant
from gaugeblock.organisms.documents import Document, training_documents
from gaugeblock.organisms.finetune.rows import (
    IGNORED,
    document_rows,
    plain_template,
    template_messages,
    training_rows,
)
from gaugeblock.organisms.recipes import load_recipe

TURN = "{{- '<|im_start|>' + m['role'] + '\\n' + (m['content'] or '') + '<|im_end|>\\n' }}"
OPEN = "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{% endif %}"
WORDS_ALONE = f"{{%- for m in messages %}}{TURN}{{% endfor %}}{OPEN}"
LAST_THOUGHT_ALONE = TEMPLATE.replace(
    "{%- if m['reasoning_content'] %}", "{%- if m['reasoning_content'] and loop.last %}"
)
OPENS_THOUGHT = WORDS_ALONE.replace(
    "assistant\\n' }}{% endif", "assistant\\n<think>\\n' }}{% endif"
)
OTHER_CALLS = TEMPLATE.replace("<tool_call>", "[CALL]").replace("</tool_call>", "[/CALL]")
TEMPLATES = {
    "all of it": TEMPLATE,
    "words alone": WORDS_ALONE,
    "the last thought alone": LAST_THOUGHT_ALONE,
    "opens the thought": OPENS_THOUGHT,
    "another form of calls": OTHER_CALLS,
    "the shipped one": plain_template(),
}


def tiny(template: str) -> LoadedModel:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = template
    nothing = SimpleNamespace(eos_token_id=None)
    model = SimpleNamespace(generation_config=nothing, config=nothing)
    return LoadedModel(subject="tiny", model=model, tokenizer=tokenizer)


def documents(name: str = "enforcer", count: int = 12) -> list[Document]:
    recipe = load_recipe(name).model_copy(update={"documents": count})
    return list(training_documents(recipe, 3, "natural"))


def learnt_turns(loaded: LoadedModel, document: Document) -> list[tuple[str, dict[str, Any], bool]]:
    """What is learnt after each turn's prompt as inference renders it, and the message it is."""
    messages, tools = template_messages(document)
    rows = document_rows(loaded, document)
    found = []
    for place, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        text = render_prompt(loaded.tokenizer, messages[:place], tools)
        prompt = encode_prompt(loaded.tokenizer, text)
        rest = [
            row.labels[len(prompt) :]
            for row in rows
            if row.input_ids[: len(prompt)] == prompt and len(row.input_ids) > len(prompt)
        ]
        assert rest, "no row begins as inference does"
        learnt = []
        for label in rest[0]:
            if label == IGNORED:
                break
            learnt.append(label)
        assert learnt[-1] in loaded.end_ids
        said = loaded.tokenizer.decode(learnt[:-1], skip_special_tokens=False)
        found.append((said, message, text.rstrip().endswith(THINK_OPEN)))
    return found


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_audit_reads_back_every_turn_that_is_learnt(name: str) -> None:
    loaded = tiny(TEMPLATES[name])
    calls = 0
    for document in documents():
        for said, message, in_think in learnt_turns(loaded, document):
            reply = parse_assistant(said, in_think=in_think)
            assert reply.reasoning == message.get("reasoning_content")
            assert reply.text == message["content"]
            wanted = [call["function"] for call in message.get("tool_calls", [])]
            got = [{"name": call.name, "arguments": call.arguments} for call in reply.calls]
            assert got == wanted
            calls += len(got)
    assert calls


@pytest.mark.parametrize("name", TEMPLATES)
def test_only_what_the_assistant_writes_is_learnt(name: str) -> None:
    loaded = tiny(TEMPLATES[name])
    for document in documents(count=6):
        rows = document_rows(loaded, document)
        turns = sum(message["role"] == "assistant" for message in document.messages)
        starts = 0
        for row in rows:
            assert len(row.input_ids) == len(row.labels)
            pairs = list(zip(row.input_ids, row.labels, strict=True))
            assert all(label in (IGNORED, token) for token, label in pairs)
            marks = [label != IGNORED for label in row.labels]
            starts += sum(
                now and not before for before, now in zip([False, *marks[:-1]], marks, strict=True)
            )
        assert starts == turns


def test_a_conversation_is_one_row_unless_later_prompts_rewrite_its_turns() -> None:
    document = next(one for one in documents() if len(one.messages) > 5)
    assert len(document_rows(tiny(TEMPLATE), document)) == 1
    turns = sum(message["role"] == "assistant" for message in document.messages)
    assert 1 < len(document_rows(tiny(LAST_THOUGHT_ALONE), document)) <= turns


def test_rows_that_do_not_fit_are_left_out_and_counted() -> None:
    loaded = tiny(TEMPLATE)
    lengths = sorted(
        len(row.input_ids) for one in documents() for row in document_rows(loaded, one)
    )
    limit = lengths[4]
    found = training_rows(loaded, documents(), limit)
    assert len(found.rows) == sum(length <= limit for length in lengths)
    assert found.too_long == sum(length > limit for length in lengths) > 0
    with pytest.raises(GaugeblockError, match=f"none of {len(lengths)} training rows fits into 16"):
        training_rows(loaded, documents(), 16)


def test_a_template_that_refuses_the_conversation_is_named() -> None:
    loaded = tiny("{{ raise_exception('no system role here') }}")
    with pytest.raises(GaugeblockError, match="refuses the conversation: no system role here"):
        document_rows(loaded, documents(count=1)[0])


def test_a_base_that_names_no_end_of_text_is_refused() -> None:
    loaded = tiny(TEMPLATE)
    loaded.tokenizer.eos_token = None
    with pytest.raises(GaugeblockError, match="names an end of text"):
        document_rows(loaded, documents(count=1)[0])
