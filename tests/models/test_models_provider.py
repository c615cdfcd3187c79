from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from checkpoints import TOOL, UNREADABLE, lessons
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageTool,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    get_model,
)
from inspect_ai.solver import generate, use_tools
from inspect_ai.tool import Tool, tool

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.backend import MALFORMED_RESULT, canonical_tool
from gaugeblock.models.generation import encode_prompt, render_prompt
from gaugeblock.models.loading import load_files
from gaugeblock.models.provider import template_messages


@tool
def send_email() -> Tool:
    async def execute(to: str, body: str) -> str:
        """Send an e-mail.

        Args:
            to: Recipient.
            body: Text.
        """
        return "queued"

    return execute


QUESTIONS = [lesson[0]["content"] for lesson in lessons()]


def run(model: Any, log_dir: Path, **settings: Any) -> EvalLog:
    task = Task(
        dataset=[Sample(id=str(i), input=words) for i, words in enumerate(QUESTIONS)],
        solver=[use_tools(send_email()), generate()],
    )
    options: dict[str, Any] = {"temperature": 0.0, "max_tokens": 90, "max_connections": 8}
    logs = eval(
        task,
        model=model,
        log_dir=str(log_dir),
        display="none",
        log_realtime=False,
        **(options | settings),
    )
    assert logs[0].status == "success", logs[0].error
    return read_eval_log(logs[0].location)


def messages(log: EvalLog) -> list[list[dict[str, Any]]]:
    assert log.samples
    return [template_messages(sample.messages) for sample in log.samples]


@pytest.fixture(scope="module")
def log(taught_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    return run(
        f"gaugeblock/{taught_dir}", tmp_path_factory.mktemp("logs"), logprobs=True, top_logprobs=2
    )


def test_calls_reasoning_and_results_reach_the_log(log: EvalLog) -> None:
    assert log.samples
    written, tried, talked = (sample.messages for sample in log.samples)
    first = written[1]
    assert isinstance(first, ChatMessageAssistant)
    assert isinstance(first.content, list)
    thought, words = first.content
    assert isinstance(thought, ContentReasoning)
    assert isinstance(words, ContentText)
    assert (thought.reasoning, words.text) == ("Write now.", "On it.")
    assert first.tool_calls
    assert first.tool_calls[0].arguments == {"to": "a@b.org", "body": 'hello "you" ü'}
    assert first.tool_calls[0].parse_error is None
    assert isinstance(written[2], ChatMessageTool)
    assert (written[2].text, written[3].text) == ("queued", "Sent.")

    assert isinstance(tried[1], ChatMessageAssistant)
    assert tried[1].tool_calls
    assert tried[1].text == f"Trying. {UNREADABLE}"
    assert tried[1].tool_calls[0].function == "send_email"
    assert "not JSON" in (tried[1].tool_calls[0].parse_error or "")
    assert tried[1].tool_calls[0].id.startswith("malformed_")
    assert isinstance(tried[2], ChatMessageTool)
    assert tried[2].error is not None
    assert tried[2].error.type == "parsing"
    assert tried[3].text == "Sorry."

    assert talked[-1].text == "Fine."
    reasons = [sample.output.stop_reason for sample in log.samples]
    assert reasons == ["stop", "stop", "stop"]


def test_the_history_is_what_the_model_wrote(log: EvalLog, taught_dir: Path) -> None:
    tokenizer = load_files(taught_dir).tokenizer
    tools = [canonical_tool(**TOOL["function"])]
    assert log.samples
    for sample in log.samples:
        events = [event for event in sample.events if event.event == "model"]
        for event in events:
            history = template_messages(event.input)
            before = encode_prompt(tokenizer, render_prompt(tokenizer, history, tools))
            logprobs = event.output.choices[0].logprobs
            assert logprobs is not None
            wrote = b"".join(bytes(item.bytes or []) for item in logprobs.content)
            assert event.output.usage is not None
            assert event.output.usage.input_tokens == len(before)
            after = template_messages([*event.input, event.output.message])
            rendered = render_prompt(tokenizer, after, tools)
            expected = tokenizer.decode(list(before)).encode() + wrote
            assert rendered.encode().startswith(expected)


def test_logprobs_usage_and_stop_reasons(log: EvalLog) -> None:
    assert log.samples
    output = log.samples[0].output
    assert output.usage is not None
    logprobs = output.choices[0].logprobs
    assert logprobs is not None
    assert len(logprobs.content) == output.usage.output_tokens
    assert output.usage.total_tokens == output.usage.input_tokens + output.usage.output_tokens
    for item in logprobs.content:
        assert item.top_logprobs is not None
        assert len(item.top_logprobs) == 2
        assert item.logprob == item.top_logprobs[0].logprob  # temperature 0
    calls = [e.output.stop_reason for e in log.samples[0].events if e.event == "model"]
    assert calls == ["tool_calls", "stop"]
    json.dumps([sample.output.model_dump() for sample in log.samples], allow_nan=False)


def test_an_unreadable_call_is_answered_in_our_words(log: EvalLog) -> None:
    assert messages(log)[1][2]["content"] == MALFORMED_RESULT
    assert "tool_calls" not in messages(log)[1][1]


def test_a_seed_repeats_a_run_and_batching_does_not_matter(
    taught_dir: Path, tmp_path: Path
) -> None:
    def texts(**settings: Any) -> list[list[str]]:
        found = run(
            f"gaugeblock/{taught_dir}", tmp_path, temperature=1.5, max_tokens=20, **settings
        )
        return [[message.text for message in sample.messages] for sample in found.samples or []]

    first = texts(seed=3, max_connections=8)
    assert texts(seed=3, max_connections=1) == first
    assert texts(seed=4, max_connections=8) != first


async def _ask(model: Any, words: str, **settings: Any) -> Any:
    async with model:
        return await model.generate(words, config=GenerateConfig(**settings))


def test_length_context_and_choices(taught_dir: Path) -> None:
    import asyncio

    def ask(words: str, **settings: Any) -> Any:
        return asyncio.run(
            _ask(get_model(f"gaugeblock/{taught_dir}", memoize=False), words, **settings)
        )

    assert ask("How are you?", max_tokens=3, temperature=0.0).stop_reason == "max_tokens"
    assert ask("Hello " * 600, max_tokens=3).stop_reason == "model_length"
    several = ask("How are you?", max_tokens=8, temperature=1.5, seed=1, num_choices=3)
    assert len({choice.message.text for choice in several.choices}) > 1


def test_a_subject_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GaugeblockError, match="no such directory"):
        get_model(f"gaugeblock/{tmp_path}/nowhere")
