"""A model behind a simulated channel, probed over HTTP, in process and through Inspect."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
import uvicorn
from inspect_ai.model import (
    ChatCompletionChoice,
    Logprob,
    Logprobs,
    ModelOutput,
    ModelUsage,
    TopLogprob,
    get_model,
)
from typer.testing import CliRunner

from gaugeblock.cli.channel import app as channel_app
from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.client import HttpSource
from gaugeblock.logprobs.collect import collect
from gaugeblock.logprobs.probe import make_card
from gaugeblock.logprobs.rows import Recording, read_recording, write_recording
from gaugeblock.logprobs.spec import ChannelSpec
from gaugeblock.models.batching import BatchWorker
from gaugeblock.models.loading import LoadedModel, load_files, load_subject
from gaugeblock.models.logprob_source import InspectSource, LocalSource
from gaugeblock.models.sampling import report_exact
from gaugeblock.models.serve import build_app
from gaugeblock.models.served_channel import ServedChannel

NAME = "builtin/tiny"


@pytest.fixture(scope="module")
def loaded(llama_dir: Path) -> LoadedModel:
    found = load_files(llama_dir)
    with torch.no_grad():
        # A random head gives logits near zero; real ones reach 10 to 50.
        found.model.get_output_embeddings().weight.mul_(6.0)
    return found


@contextmanager
def served(loaded: LoadedModel, spec: ChannelSpec) -> Iterator[str]:
    worker = BatchWorker(loaded, quiet_ms=0.0, report=ServedChannel(spec))
    config = uvicorn.Config(build_app(worker, NAME, spec), port=0, log_level="error")
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
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    finally:
        server.should_exit = True
        thread.join()
        worker.close()


def probe(url: str, budget: int = 24, k: int = 20, **settings: Any) -> tuple[Recording, str]:
    with HttpSource(url, NAME, sleep=lambda seconds: None, **settings) as source:
        return collect(source, budget=budget, k=k), source.name


@pytest.mark.parametrize(
    "spec",
    [
        ChannelSpec(k=5),
        ChannelSpec(family="step", step=0.1, temperature="scaled"),
        ChannelSpec(family="bf16", modes=2, temperature="scaled_except_zero"),
        ChannelSpec(family="softcap", cap=30.0),
        ChannelSpec(family="noise", sd=0.02),
        ChannelSpec(family="noise", sd=0.02, precision=8),
        ChannelSpec(family="float_logprob", precision=11),
    ],
    ids=lambda spec: f"{spec.family}-{spec.precision}",
)
def test_the_probe_finds_over_http_what_was_served(
    loaded: LoadedModel, tmp_path: Path, spec: ChannelSpec
) -> None:
    with served(loaded, spec) as url:
        recording, name = probe(url)
    card = make_card(recording, name)
    assert card.family == spec.family, card.sentence
    assert card.temperature.convention == spec.temperature
    assert card.hygiene.k_effective == min(spec.k, 20)
    if spec.family == "step":
        assert card.step == pytest.approx(0.1)
    if spec.family == "softcap":
        assert card.cap == pytest.approx(30.0)
    if spec.family == "noise":
        assert card.sd == pytest.approx(0.02, rel=0.3)
    assert card.repeats.kind == (
        "modes" if spec.modes > 1 else "continuous" if spec.family == "noise" else "identical"
    )
    if spec.family not in ("noise", "float_logprob"):
        # The server samples from what it reports.
        assert card.sampling.p is not None
        assert card.sampling.p > 0.001
    write_recording(tmp_path / "rows.jsonl", recording)
    assert make_card(read_recording(tmp_path / "rows.jsonl"), name) == card


def test_a_served_card_is_found_again(loaded: LoadedModel) -> None:
    spec = ChannelSpec(family="step", step=0.1, k=8, drops=("bytes",))
    with served(loaded, spec) as url:
        first = make_card(*probe(url, budget=16))
    assert first.channel == spec
    with served(loaded, first.channel) as url:
        second = make_card(*probe(url, budget=16))
    assert second.channel == first.channel


def test_tokens_that_print_alike_are_lost_where_the_server_keys_by_text(
    loaded: LoadedModel,
) -> None:
    spec = ChannelSpec(string_keyed=True)
    with served(loaded, spec) as url:
        with HttpSource(url, NAME, api="completions") as source:
            answer = source.ask("é", temperature=0.0, k=20)
        body = chat(url).json()
    with LocalSource(BatchWorker(loaded)) as local:
        whole = local.ask("é", temperature=0.0, k=20)
    texts = [entry.key.decode("utf-8", "replace") for entry in whole.top]
    assert len(set(texts)) < len(texts), "the fixture must list tokens that print alike"
    assert len(answer.top) < 20
    assert not any("bytes:" in entry.token for entry in answer.top)
    top = body["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    assert {entry["token"] for entry in top} == set(texts)
    assert len(top) == len(set(texts))
    assert {entry["bytes"] for entry in top} == {None}


def chat(url: str) -> httpx.Response:
    body = {
        "model": NAME,
        "messages": [{"role": "user", "content": "é"}],
        "logprobs": True,
        "top_logprobs": 20,
        "max_tokens": 1,
        "temperature": 0,
    }
    return httpx.post(f"{url}/chat/completions", json=body)


@pytest.mark.parametrize("field", ["bytes", "top_logprobs", "logprobs"])
def test_dropped_fields(loaded: LoadedModel, field: Any) -> None:
    with served(loaded, ChannelSpec(drops=(field,))) as url:
        logprobs = chat(url).json()["choices"][0]["logprobs"]
        card = make_card(*probe(url, budget=8))
    if field == "logprobs":
        assert logprobs is None
    else:
        first = logprobs["content"][0]
        assert first["bytes" if field == "bytes" else "top_logprobs"] in (None, [])
    codes = {finding.code for finding in card.hygiene.findings}
    assert ("no_bytes" if field == "bytes" else "empty_top") in codes


def _refused(source: HttpSource) -> bool:
    try:
        source.ask("x", temperature=1.0, k=2)
    except GaugeblockError as error:
        return "status 429" in str(error)
    return False


def test_a_share_of_requests_is_turned_away_and_asked_again(loaded: LoadedModel) -> None:
    spec = ChannelSpec(family="step", step=0.25, rate_limited=0.5)
    with served(loaded, spec) as url:
        statuses = [chat(url).status_code for _ in range(40)]
        recording, _ = probe(url, budget=12, retries=30)
        with HttpSource(url, NAME, retries=0) as source:
            refusals = [_refused(source) for _ in range(40)]
    assert 8 <= refusals.count(True) <= 32
    assert 8 <= statuses.count(429) <= 32
    assert statuses.count(200) == 40 - statuses.count(429)
    assert len(recording.rows) == 12


def test_what_is_sampled_follows_the_held_logits(loaded: LoadedModel) -> None:
    channel = ServedChannel(ChannelSpec(family="step", step=3.0))
    logits = torch.tensor([[1.0, 2.0, 4.4, -9.0]])
    held = channel.hold(logits)
    assert held.tolist() == [[0.0, 3.0, 3.0, -9.0]]
    report = channel(held, torch.tensor([1]), [3], [0.5])[0]
    plain = report_exact(held, torch.tensor([1]), [3], [0.5])[0]
    assert report.logprob == pytest.approx(plain.logprob, abs=1e-6)
    assert [value for _, value in report.top] == pytest.approx([v for _, v in plain.top], abs=1e-6)
    cut = ServedChannel(ChannelSpec(k=2, sentinel=-9999.0))
    assert cut(logits, torch.tensor([3]), [3], [1.0])[0].logprob == -9999.0
    assert repr(report.logprob) == str(np.float32(report.logprob))


def test_a_local_model_and_the_same_model_over_http_give_the_same_rows(
    loaded: LoadedModel,
) -> None:
    with served(loaded, ChannelSpec()) as url, HttpSource(url, NAME) as remote:
        theirs = remote.ask("Tell me", temperature=0.0, k=10)
    with LocalSource(BatchWorker(loaded)) as local:
        ours = local.ask("Tell me", temperature=0.0, k=10)
        card = make_card(collect(local, budget=24), local.name)
        silent = local.ask("Tell me", temperature=0.0, k=10, logprobs=False)
    assert [e.key for e in ours.top] == [e.key for e in theirs.top]
    assert [e.logprob for e in ours.top] == pytest.approx([e.logprob for e in theirs.top], abs=1e-5)
    assert ours.chosen is not None
    assert ours.chosen.key == ours.top[0].key
    assert (silent.text, silent.top) == (ours.text, ())
    assert card.family == "none"


def test_inspect_models_are_asked_through_inspect() -> None:
    def entry(token: str, logprob: float) -> TopLogprob:
        return TopLogprob(token=token, logprob=logprob, bytes=list(token.encode()))

    first = Logprob(
        token="a",
        logprob=-0.25,
        bytes=[97],
        top_logprobs=[entry("a", -0.25), entry("ü", -1.5)],
    )
    output = ModelOutput.from_content("mockllm/model", "a")
    choice: ChatCompletionChoice = output.choices[0]
    choice.logprobs = Logprobs(content=[first])
    bare = ModelOutput.from_content("mockllm/model", "b")
    # Without a usage of their own, Inspect fetches a tokenizer to count with.
    output.usage = bare.usage = ModelUsage()
    model = get_model("mockllm/model", custom_outputs=[output, bare], memoize=False)
    with InspectSource(model) as source:
        answer = source.ask("x", temperature=1.0, k=2)
        without = source.ask("x", temperature=1.0, k=2)
        with pytest.raises(GaugeblockError, match="the provider fails"):
            source.ask("x", temperature=1.0, k=2)
    assert [(e.key, e.printed) for e in answer.top] == [(b"a", "-0.25"), ("ü".encode(), "-1.5")]
    assert answer.chosen is not None
    assert (without.text, without.top, without.chosen) == ("b", (), None)
    assert "mockllm" in source.name


def test_the_command_line_probes_a_checkpoint(llama_dir: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    arguments = ["probe", str(llama_dir), "--budget", "10", "--json", "--out", str(tmp_path)]
    answer = runner.invoke(channel_app, arguments)
    assert answer.exit_code == 0, answer.output
    assert '"family"' in answer.stdout
    assert (tmp_path / "card.html").is_file()
    for wrong in ("nonsense", "http://127.0.0.1:1/v1 --api soap"):
        refused = runner.invoke(channel_app, ["probe", *wrong.split()])
        assert isinstance(refused.exception, GaugeblockError)


def test_the_built_in_model_in_bfloat16_is_not_taken_for_another_grid() -> None:
    # Its logits are small, so that fp16 logits eight times as large look much alike.
    loaded = load_subject("builtin/base", dtype="bfloat16")
    with LocalSource(BatchWorker(loaded, quiet_ms=0.0)) as source:
        card = make_card(collect(source), source.name)
    assert card.family in ("bf16", "undecided"), card.sentence
    assert "bf16" in {candidate.family for candidate in card.candidates}
