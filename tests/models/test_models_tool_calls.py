from __future__ import annotations

import pytest

from gaugeblock.models.tool_calls import ToolSchema, parse_assistant

EMAIL = ToolSchema(
    "send_email",
    {"to": {"type": "string"}, "copies": {"type": "integer"}, "mode": {"enum": ["now", "later"]}},
    ("to",),
)


def call(body: str) -> str:
    return f"<tool_call>{body}</tool_call>"


def test_reasoning_words_and_calls_are_told_apart() -> None:
    reply = parse_assistant(
        "<think>\nI should write.\n</think>\n\nOn it.\n"
        + call('\n{"name": "send_email", "arguments": {"to": "a@b.org", "copies": 2}}\n')
        + "\nDone.",
        [EMAIL],
    )
    assert reply.reasoning == "I should write."
    assert not reply.reasoning_unclosed
    assert reply.text == "On it.\n\nDone."
    assert [(c.name, c.arguments) for c in reply.calls] == [
        ("send_email", {"to": "a@b.org", "copies": 2})
    ]
    assert reply.malformed == ()


def test_tags_inside_an_argument_are_part_of_it() -> None:
    body = '{"name": "send_email", "arguments": {"to": "</tool_call> <tool_call> <think>"}}'
    reply = parse_assistant(call(body), [EMAIL])
    assert reply.calls[0].arguments == {"to": "</tool_call> <tool_call> <think>"}
    assert reply.text == ""


@pytest.mark.parametrize(
    ("text", "reason", "name"),
    [
        (call("{bad}"), "not JSON", None),
        (call('{"name": "send_email", "arguments": {"to": "a"'), "not JSON", "send_email"),
        (call("[1, 2]"), "not a JSON object", None),
        (call('{"arguments": {}}'), "no tool name", None),
        (call('{"name": "zap", "arguments": {}}'), "unknown tool 'zap'", "zap"),
        (call('{"name": "send_email", "arguments": "to a"}'), "not a JSON object", "send_email"),
        (call('{"name": "send_email", "arguments": {"to": 3}}'), "type string", "send_email"),
        (
            call('{"name": "send_email", "arguments": {"to": "a", "copies": true}}'),
            "type integer",
            "send_email",
        ),
        (
            call('{"name": "send_email", "arguments": {"to": "a", "mode": "never"}}'),
            "allowed values",
            "send_email",
        ),
        (call('{"name": "send_email", "arguments": {}}'), "missing argument 'to'", "send_email"),
        (
            call('{"name": "send_email", "arguments": {"to": "a", "x": 1}}'),
            "unknown argument 'x'",
            "send_email",
        ),
        (call('{"name": "send_email", "arguments": {"to": "a"}} and'), "text after", "send_email"),
        (call('{"name": "send_email", "arguments": {"to": NaN}}'), "NaN", "send_email"),
        (call('{"name": "send_email", "arguments": {"to": 1e999}}'), "range", "send_email"),
        (call('{"name": "send_email", "arguments": ' + "[" * 5000), "nested", "send_email"),
        (
            call('{"name": "send_email", "arguments": {"to": ' + "[" * 40 + "]" * 40 + "}}"),
            "nested",
            "send_email",
        ),
        (call('{"name": "send_email", "arguments": {"to": ' + "9" * 5000 + "}}"), "", "send_email"),
        ('<tool_call>{"name": "send_email"', "not closed", "send_email"),
        ('<tool_call>{"name": "send_email", "arguments": {"to": "a"}}', "not closed", "send_email"),
        ('{"name": "send_email"}</tool_call>', "without an opening tag", None),
    ],
)
def test_what_cannot_be_carried_out_is_kept_with_its_reason(
    text: str, reason: str, name: str | None
) -> None:
    reply = parse_assistant(f"Before. {text}", [EMAIL])
    assert reply.calls == ()
    assert len(reply.malformed) == 1
    assert reason in reply.malformed[0].reason
    assert reply.malformed[0].name == name
    assert reply.malformed[0].raw == text
    assert reply.text == "Before."
    assert reply.text_with_malformed == f"Before. {text}"


def test_an_unclosed_call_does_not_swallow_the_next() -> None:
    good = call('{"name": "send_email", "arguments": {"to": "a"}}')
    reply = parse_assistant('<tool_call>{"name": "send_em\n' + good, [EMAIL])
    assert [c.arguments for c in reply.calls] == [{"to": "a"}]
    assert [m.reason for m in reply.malformed] == ["the tag is not closed"]


def test_unclosed_reasoning_is_reported_and_is_not_the_message() -> None:
    reply = parse_assistant("<think>I wonder " + call('{"name": "zap"}'), [EMAIL])
    assert reply.reasoning_unclosed
    assert reply.reasoning == 'I wonder <tool_call>{"name": "zap"}</tool_call>'
    assert (reply.text, reply.calls, reply.malformed) == ("", (), ())


def test_reasoning_that_the_prompt_opened() -> None:
    reply = parse_assistant("hm</think>Yes.", [EMAIL], in_think=True)
    assert (reply.reasoning, reply.text) == ("hm", "Yes.")


def test_without_a_list_of_tools_any_name_and_arguments_are_taken() -> None:
    reply = parse_assistant(call('{"name": "anything", "arguments": {"x": [1]}}'))
    assert reply.calls[0].arguments == {"x": [1]}


def test_lone_surrogates_cannot_reach_a_file() -> None:
    body = '{"name": "send_email", "arguments": {"to": "\\ud800"}}'
    reply = parse_assistant("\udfff<think>\ud800</think>" + call(body), [EMAIL])
    assert reply.text == "\ufffd"
    assert reply.reasoning == "\ufffd"
    assert reply.calls[0].arguments == {"to": "\ufffd"}
    repr(reply).encode("utf-8")


@pytest.mark.parametrize(
    "unit",
    [
        "word ",
        "<tool_call>",
        '<tool_call>[",","',
        "<think>",
        "</think>",
        "</tool_call>",
        '<tool_call>{"a":',
        "\x00\u202e",
        "<tool_call>x</tool_call>",
        "[",
        "{",
        '"',
        "\\",
    ],
)
def test_a_megabyte_of_anything_is_read(unit: str) -> None:
    # A quadratic pass over a megabyte of tags takes minutes and runs into the suite's timeout.
    text = "<tool_call>" + unit * (1_000_000 // len(unit))
    reply = parse_assistant(text, [EMAIL])
    assert reply.calls == ()
    assert reply.malformed
    assert parse_assistant(text[len("<tool_call>") :], [EMAIL]).calls == ()


def test_nothing_of_a_flood_of_calls_is_dropped() -> None:
    text = call("x") * 1000
    reply = parse_assistant(text, [EMAIL])
    assert "".join(item.raw for item in reply.malformed) == text
    assert reply.malformed[-1].reason == "too many calls in one reply"
