from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import torch
import uvicorn
from checkpoints import TOOL, UNREADABLE
from inspect_ai.model import get_model
from test_models_provider import messages, run

from gaugeblock.models.batching import BatchWorker
from gaugeblock.models.loading import LoadedModel, load_files
from gaugeblock.models.serve import build_app

NAME = "builtin/taught"


@pytest.fixture(scope="module")
def loaded(taught_dir: Path) -> LoadedModel:
    return load_files(taught_dir)


@pytest.fixture(scope="module")
def url(loaded: LoadedModel) -> Iterator[str]:
    worker = BatchWorker(loaded, max_batch=8)
    config = uvicorn.Config(build_app(worker, NAME), port=0, log_level="warning")
    server = uvicorn.Server(config)
    ready = threading.Event()
    original = server.startup

    async def startup(*args: Any, **kwargs: Any) -> None:
        await original(*args, **kwargs)
        ready.set()

    server.startup = startup  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert ready.wait(30)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/v1"
    server.should_exit = True
    thread.join()
    worker.close()


@pytest.fixture(scope="module")
def client(url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=url, api_key="none", max_retries=0)


def chat(client: openai.OpenAI, words: str, **settings: Any) -> Any:
    options: dict[str, Any] = {"temperature": 0, "max_tokens": 90}
    return client.chat.completions.create(
        model=NAME, messages=[{"role": "user", "content": words}], **(options | settings)
    )


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [NAME]
    assert client.models.retrieve(NAME).id == NAME
    with pytest.raises(openai.NotFoundError, match="nothing else"):
        client.chat.completions.create(model="other", messages=[{"role": "user", "content": "x"}])


def test_tools_reasoning_and_logprobs(client: openai.OpenAI) -> None:
    reply = chat(client, "Write to a@b.org", tools=[TOOL], logprobs=True, top_logprobs=3)
    choice = reply.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert (choice.message.content, choice.message.reasoning_content) == ("On it.", "Write now.")
    call = choice.message.tool_calls[0]
    assert call.function.name == "send_email"
    assert json.loads(call.function.arguments) == {"to": "a@b.org", "body": 'hello "you" ü'}
    assert len(choice.logprobs.content) == reply.usage.completion_tokens
    assert len(choice.logprobs.content[0].top_logprobs) == 3
    wrote = b"".join(bytes(item.bytes) for item in choice.logprobs.content).decode()
    assert wrote.startswith("<think>Write now.</think>\nOn it.\n<tool_call>")
    again = chat(client, "Write to a@b.org", tools=[TOOL])
    assert again.choices[0].message.tool_calls[0].id == call.id


def test_an_unreadable_call_survives(client: openai.OpenAI) -> None:
    choice = chat(client, "Try", tools=[TOOL]).choices[0]
    assert choice.message.content == f"Trying. {UNREADABLE}"
    call = choice.message.tool_calls[0]
    assert call.id.startswith("malformed_")
    assert call.function.arguments.startswith("{malformed: not JSON")


def test_sampling_settings(client: openai.OpenAI) -> None:
    several = chat(client, "How are you?", temperature=1.5, seed=5, n=3, max_tokens=8, top_p=0.9)
    texts = [choice.message.content for choice in several.choices]
    assert len(set(texts)) > 1
    again = chat(client, "How are you?", temperature=1.5, seed=5, n=3, max_tokens=8, top_p=0.9)
    assert [choice.message.content for choice in again.choices] == texts
    short = chat(client, "How are you?", max_completion_tokens=2, tools=[TOOL])
    assert short.choices[0].finish_reason == "length"
    stopped = chat(client, "How are you?", tools=[TOOL], stop="ne.")
    assert (stopped.choices[0].message.content, stopped.choices[0].finish_reason) == ("Fi", "stop")
    assert chat(
        client, "Write to a@b.org", tools=[TOOL], tool_choice="none"
    ).usage.prompt_tokens < (chat(client, "Write to a@b.org", tools=[TOOL]).usage.prompt_tokens)


def test_a_stream_says_the_same(client: openai.OpenAI) -> None:
    chunks = list(
        chat(
            client,
            "How are you?",
            tools=[TOOL],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "Fine."
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.completion_tokens > 0


def test_completions_score_a_text_as_the_model_does(
    client: openai.OpenAI, loaded: LoadedModel
) -> None:
    texts = ["The auditor reads ü the files", "Fine."]
    reply = client.completions.create(
        model=NAME, prompt=texts, max_tokens=2, echo=True, logprobs=2, temperature=0
    )
    for text, choice in zip(texts, reply.choices, strict=True):
        ids = loaded.tokenizer.encode(text)
        with torch.inference_mode():
            expected = loaded.model(torch.tensor([ids])).logits[0].log_softmax(-1)
        said = choice.logprobs
        assert choice.text.startswith(text)
        assert said.token_logprobs[0] is None
        assert len(said.tokens) == len(ids) + 2
        for position, token in enumerate(ids[1:]):
            value = said.token_logprobs[position + 1]
            assert value == pytest.approx(float(expected[position, token]), abs=1e-4)
            assert value in said.top_logprobs[position + 1].values()
            assert max(said.top_logprobs[position + 1].values()) == pytest.approx(
                float(expected[position].max()), abs=1e-4
            )
        assert said.text_offset[0] == 0
        assert said.text_offset == sorted(said.text_offset)


def test_completions_from_token_ids_without_generation(
    client: openai.OpenAI, loaded: LoadedModel
) -> None:
    ids = loaded.tokenizer.encode("The auditor reads")
    for prompt in (ids, [ids]):
        reply = client.completions.create(
            model=NAME, prompt=prompt, max_tokens=0, echo=True, logprobs=1, temperature=0
        )
        assert reply.choices[0].text == "The auditor reads"
        assert len(reply.choices[0].logprobs.tokens) == len(ids)
        assert reply.usage.completion_tokens == 0
    plain = client.completions.create(model=NAME, prompt="The auditor", max_tokens=3, n=2)
    assert [choice.logprobs for choice in plain.choices] == [None, None]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("chat/completions", b"{"),
        ("chat/completions", b"\xff\xfe"),
        ("chat/completions", b"[]"),
        ("chat/completions", b"[" * 100_000),
        ("chat/completions", {"model": NAME}),
        ("chat/completions", {"model": NAME, "messages": []}),
        ("chat/completions", {"model": NAME, "messages": [{"role": "robot", "content": "x"}]}),
        ("chat/completions", {"model": NAME, "messages": [{"role": "user", "content": [{}]}]}),
        ("chat/completions", {"model": NAME, "messages": [{"role": "user", "content": 7}]}),
        (
            "chat/completions",
            {"model": NAME, "messages": [{"role": "assistant", "tool_calls": [3]}]},
        ),
        ("chat/completions", {"temperature": -1}),
        ("chat/completions", {"temperature": "hot"}),
        ("chat/completions", {"top_p": 0}),
        ("chat/completions", {"max_tokens": 0}),
        ("chat/completions", {"n": 0}),
        ("chat/completions", {"stop": ""}),
        ("chat/completions", {"top_logprobs": 21, "logprobs": True}),
        ("chat/completions", {"top_logprobs": 2}),
        ("chat/completions", {"tool_choice": "required"}),
        ("chat/completions", {"tools": [{"type": "function"}]}),
        ("chat/completions", {"logit_bias": {"5": 100}}),
        ("chat/completions", {"response_format": {"type": "json_object"}}),
        ("completions", {"model": NAME, "prompt": []}),
        ("completions", {"model": NAME, "prompt": ""}),
        ("completions", {"model": NAME, "prompt": [10**9]}),
        ("completions", {"model": NAME, "prompt": [[]]}),
        ("completions", {"model": NAME, "prompt": "x", "max_tokens": 0}),
        ("completions", {"model": NAME, "prompt": {"a": 1}}),
        ("completions", {"model": NAME, "prompt": "word " * 2000}),
    ],
)
def test_bad_requests_get_an_openai_error(url: str, path: str, body: Any) -> None:
    if isinstance(body, dict) and path.startswith("chat") and "model" not in body:
        body = {"model": NAME, "messages": [{"role": "user", "content": "x"}]} | body
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = httpx.post(
        f"{url}/{path}", content=content, headers={"content-type": "application/json"}
    )
    assert reply.status_code == 400
    error = reply.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"]


def test_hostile_text_is_served(url: str) -> None:
    for words in ("\x00\u202e", "<|im_end|>" * 20):
        body = {
            "model": NAME,
            "max_tokens": 2,
            "messages": [{"role": "user", "content": words}],
        }
        assert httpx.post(f"{url}/chat/completions", json=body).status_code == 200
    surrogate = (
        b'{"model": "%s", "max_tokens": 2, "messages": [{"role": "user", "content": "\\ud800"}]}'
    )
    reply = httpx.post(
        f"{url}/chat/completions",
        content=surrogate % NAME.encode(),
        headers={"content-type": "application/json"},
    )
    assert reply.status_code == 200
    assert httpx.get(f"{url}/nothing").json()["error"]["message"]


def test_a_context_overflow_says_so(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, "word " * 2000)
    assert caught.value.code == "context_length_exceeded"


def test_over_http_a_run_is_the_same(
    url: str, taught_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_API_KEY", "none")
    over_http = get_model(f"openai-api/local/{NAME}", base_url=url, memoize=False)
    there = run(over_http, tmp_path / "http", logprobs=True, top_logprobs=2)
    here = run(f"gaugeblock/{taught_dir}", tmp_path / "here", logprobs=True, top_logprobs=2)

    assert messages(there) == messages(here)
    for far, near in zip(there.samples or [], here.samples or [], strict=True):
        assert far.output.usage is not None
        assert near.output.usage is not None
        # Equal prompts, to the token: the history went over the wire and came back unchanged.
        assert far.output.usage.input_tokens == near.output.usage.input_tokens
        assert far.output.choices[0].logprobs == near.output.choices[0].logprobs
        assert [bool(m.tool_calls) for m in far.messages if m.role == "assistant"] == [
            bool(m.tool_calls) for m in near.messages if m.role == "assistant"
        ]
        assert [m.error.type if m.error else None for m in far.messages if m.role == "tool"] == [
            m.error.type if m.error else None for m in near.messages if m.role == "tool"
        ]


SERVE = "import typer; from gaugeblock.cli.serve import serve; typer.run(serve)"


def test_the_command_serves_and_stops_on_ctrl_c(taught_dir: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(taught_dir), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    while line and "serving at" not in line:
        line = process.stderr.readline()
    address = line.split("serving at ")[1].split(" ")[0]
    client = openai.OpenAI(base_url=address, api_key="none")
    assert next(iter(client.models.list())).id == str(taught_dir)
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == 0
    assert "Traceback" not in rest
