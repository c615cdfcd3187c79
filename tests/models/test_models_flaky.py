from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flaky_server import BAD_ARGUMENTS, Body, FlakyServer
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.solver import generate, use_tools
from tenacity import wait_none
from test_models_provider import send_email

from gaugeblock.models.inspect_model import inspect_model

FAULTS = ["ok", "429", "500", "drop", "empty", "html", "cut"]


def run(server: FlakyServer, words: list[str], log_dir: Path, **settings: Any) -> EvalLog:
    # The client's own retries are off, so that every retry seen is Inspect's.
    model = inspect_model(
        "openai-api/flaky/model", base_url=server.url, api_key="none", max_retries=0
    )
    model.api.retry_wait = lambda: wait_none()  # type: ignore[method-assign]
    task = Task(
        dataset=[Sample(id=word, input=word) for word in words],
        solver=[use_tools(send_email()), generate()],
    )
    return eval(
        task,
        model=model,
        log_dir=str(log_dir),
        display="none",
        log_realtime=False,
        fail_on_error=False,
        **({"max_retries": 3} | settings),
    )[0]


def the_users_word(body: Body) -> str:
    return str(body["messages"][0]["content"])


def test_every_failure_is_retried(tmp_path: Path) -> None:
    def twice(body: Body, attempt: int) -> str:
        return the_users_word(body) if attempt < 2 else "ok"

    with FlakyServer(twice) as server:
        log = run(server, FAULTS, tmp_path)
    assert log.status == "success"
    assert log.samples
    assert [sample.error for sample in log.samples] == [None] * len(FAULTS)
    assert {sample.output.completion for sample in log.samples} == {f"ok: {f}" for f in FAULTS}
    served = [fault for fault, body in server.requests if the_users_word(body) == "empty"]
    assert served == ["empty", "empty", "ok"]


def test_what_never_gets_through_is_one_failed_sample(tmp_path: Path) -> None:
    with FlakyServer(lambda body, attempt: the_users_word(body)) as server:
        log = run(server, ["ok", "500", "empty", "refused"], tmp_path, max_retries=1)
    assert log.samples
    assert [sample.id for sample in log.samples if sample.error is None] == ["ok"]
    counts = [the_users_word(body) for _, body in server.requests]
    assert (counts.count("500"), counts.count("refused")) == (2, 1)


def test_a_call_that_is_not_json_reaches_the_log(tmp_path: Path) -> None:
    def once(body: Body, attempt: int) -> str:
        return "bad_call" if body["messages"][-1]["role"] == "user" else "ok"

    with FlakyServer(once) as server:
        log = run(server, ["write"], tmp_path)
    assert log.samples
    call = next(m for m in log.samples[0].messages if m.role == "assistant").tool_calls
    assert call
    assert BAD_ARGUMENTS.strip() in (call[0].parse_error or "")
    assert log.samples[0].messages[-1].text.startswith("ok: Error")


def test_a_reply_without_content_is_an_empty_message(tmp_path: Path) -> None:
    with FlakyServer(lambda body, attempt: "null") as server:
        log = run(server, ["hello"], tmp_path)
    assert log.samples
    assert log.samples[0].output.completion == ""
    assert log.samples[0].error is None


@pytest.mark.parametrize("subject", ["builtin/nobody", "/nowhere"])
def test_a_subject_that_is_not_there_is_told_at_once(subject: str) -> None:
    from gaugeblock.errors import GaugeblockError

    with pytest.raises(GaugeblockError):
        inspect_model(subject)
