"""Multiple choice without a channel equals lm-evaluation-harness on the same model."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import uvicorn
from peer_model import fingerprint, questions, save_peer_model

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds import Position, continuation, multiple_choice
from gaugeblock.logprobs.client import HttpSource
from gaugeblock.logprobs.echo import positions_after, read_echo, token_bytes
from gaugeblock.logprobs.rows import TopEntry
from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.spec import ChannelSpec
from gaugeblock.models.batching import BatchWorker
from gaugeblock.models.generation import encode_prompt
from gaugeblock.models.loading import load_files
from gaugeblock.models.scoring import score
from gaugeblock.models.serve import build_app

RECORD = json.loads((Path(__file__).parent / "lm_eval.json").read_text())
NORMS = {
    "acc": "sum",
    "acc_norm": "character",
    "acc_bytes": "byte",
    "acc_mutual_info": "mutual_information",
}
# What the harness puts before a choice that follows nothing.
NOTHING = "<|im_end|>"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = save_peer_model(tmp_path_factory.mktemp("peer"))
    assert fingerprint(folder) == RECORD["model"], "the tiny model is not the one that was recorded"
    return load_files(folder)


def entry(item) -> TopEntry:
    return TopEntry("", item.bytes, item.logprob, repr(item.logprob), True)


def scored(loaded, pairs, k=5) -> list[list[Position]]:
    """Positions of each text after its context."""
    ids = [encode_prompt(loaded.tokenizer, context + text) for context, text in pairs]
    found = []
    for (context, _), tokens in zip(pairs, score(loaded, ids, top_logprobs=k), strict=True):
        skipped = len(encode_prompt(loaded.tokenizer, context)) - 1
        positions = []
        for item in tokens[skipped:]:
            top = {other.bytes: entry(other) for other in item.top}
            top.setdefault(item.bytes, entry(item))
            positions.append(Position(tuple(top.values()), item.bytes, k))
        found.append(positions)
    return found


@pytest.fixture(scope="module")
def choices(loaded):
    """Four continuations a question."""
    docs = questions()
    after = [(doc["question"], " " + text) for doc in docs for text in doc["choices"]]
    alone = [(NOTHING, " " + text) for doc in docs for text in doc["choices"]]
    found, without = scored(loaded, after), scored(loaded, alone)
    texts = [text for doc in docs for text in doc["choices"]]
    made = [
        continuation(None, text, one, two)
        for text, one, two in zip(texts, found, without, strict=True)
    ]
    return [made[i : i + 4] for i in range(0, len(made), 4)]


def test_logprobs_of_choices_equal_the_harness(choices):
    for four, recorded in zip(choices, RECORD["loglikelihoods"], strict=True):
        assert [c.logprob.value for c in four] == pytest.approx(recorded[:4], abs=1e-4)
        assert [c.unconditional.value for c in four] == pytest.approx(recorded[4:], abs=1e-4)
        for item, truth in zip(four, recorded[:4], strict=True):
            assert item.logprob.guaranteed
            assert item.logprob.low - 1e-4 <= truth <= item.logprob.high + 1e-4


@pytest.mark.parametrize("metric", list(NORMS))
def test_accuracies_equal_the_harness(choices, metric):
    docs = questions()
    results = [
        multiple_choice(four, NORMS[metric], target=doc["answer"])
        for four, doc in zip(choices, docs, strict=True)
    ]
    accuracy = sum(result.correct for result in results) / len(results)
    assert accuracy == pytest.approx(RECORD["metrics"][metric], abs=1e-4)


def test_through_a_grid_the_interval_holds_the_harness_value(loaded):
    """The same choices with every logit rounded to a quarter."""
    quarter = ChannelSpec(family="step", step=0.25, k=5)
    channel, rng = Channel(quarter), np.random.default_rng(0)
    for doc, recorded in zip(questions()[:12], RECORD["loglikelihoods"], strict=False):
        for text, truth in zip(doc["choices"], recorded, strict=False):
            ids = encode_prompt(loaded.tokenizer, doc["question"] + " " + text)
            start = len(encode_prompt(loaded.tokenizer, doc["question"]))
            with torch.inference_mode():
                logits = loaded.model(input_ids=torch.tensor([ids])).logits[0].numpy()
            positions = []
            for token, row in zip(ids[start:], logits[start - 1 : -1], strict=True):
                reported = channel.apply(row, rng)
                told = dict(zip(reported.ids.tolist(), reported.logprobs, strict=True))
                told.setdefault(token, reported.of(token, quarter))
                top = tuple(
                    TopEntry("", str(name).encode(), float(x), repr(float(x)), True)
                    for name, x in told.items()
                )
                positions.append(Position(top, str(token).encode(), 5))
            value = continuation(quarter, text, positions).logprob
            assert value.contains(truth)
            assert 0 < value.width < 0.5 * len(positions)


def test_the_same_over_http(loaded):
    worker = BatchWorker(loaded, max_batch=4)
    server = uvicorn.Server(
        uvicorn.Config(build_app(worker, "peer"), port=0, log_level="warning", access_log=False)
    )
    ready, original = threading.Event(), server.startup

    async def startup(*args, **kwargs):
        await original(*args, **kwargs)
        ready.set()

    server.startup = startup
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert ready.wait(60)
        port = server.servers[0].sockets[0].getsockname()[1]
        with HttpSource(f"http://127.0.0.1:{port}/v1", "peer", api="completions") as source:
            for place, doc in enumerate(questions()[:3]):
                for number, text in enumerate(doc["choices"]):
                    body = source.echo(f"{doc['question']} {text}", k=5)
                    tokens = read_echo(body, 5)
                    positions = positions_after(tokens, doc["question"], " " + text)
                    value = continuation(None, text, positions).logprob.value
                    truth = RECORD["loglikelihoods"][place][number]
                    assert value == pytest.approx(truth, abs=1e-4)
        with (
            HttpSource(f"http://127.0.0.1:{port}/v1", "peer") as chat,
            pytest.raises(GaugeblockError, match="completions form"),
        ):
            chat.echo("text", k=5)
    finally:
        server.should_exit = True
        thread.join()
        worker.close()


def test_replies_that_score_nothing_are_named():
    assert token_bytes("bytes:\\xe2\\x80") == b"\xe2\x80"
    assert token_bytes("bytes: none") == b"bytes: none"
    with pytest.raises(GaugeblockError, match="scores no texts"):
        read_echo({"choices": [{"text": "hi", "logprobs": None}]}, 5)
    body = {
        "choices": [
            {
                "logprobs": {
                    "tokens": ["<s>", "Q:", " A", " more"],
                    "token_logprobs": [None, -1.0, -0.5, -2.0],
                    "top_logprobs": [None, {"Q:": -1.0}, {" A": -0.5, " B": -1.5}, {}],
                }
            }
        ]
    }
    tokens = read_echo(body, 2)
    [position] = positions_after(tokens, "Q:", " A")
    assert position.chosen == b" A"
    assert len(position.top) == 2
    with pytest.raises(GaugeblockError, match="do not spell"):
        positions_after(tokens, "Q:", " C")
    with pytest.raises(GaugeblockError, match="has no logprob"):
        positions_after(tokens, "", "<s>")
