"""Multiple choice by likelihood: through Inspect on a local checkpoint, and over an endpoint."""

from __future__ import annotations

import asyncio
import json
import os

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from checkpoints import llama_config, save_checkpoint
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model

from gaugeblock.errors import GaugeblockError
from gaugeblock.judging.bounded.inspect_likelihood import InspectTextScorer, likelihood_choice
from gaugeblock.judging.bounded.likelihood import EchoScorer, choose_by_likelihood
from gaugeblock.logprobs.client import HttpSource
from gaugeblock.logprobs.spec import ChannelSpec
from gaugeblock.models.generation import encode_prompt, render_prompt
from gaugeblock.models.loading import load_subject

CHOICES = ["the safety board", "naïve café", "it"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("scored"), llama_config(hidden_size=16))


def exact(loaded, question: str, choice: str) -> float:
    """Logprob of a choice as the assistant's turn, from the logits."""
    tokenizer = loaded.tokenizer
    before = render_prompt(tokenizer, [{"role": "user", "content": question}], ())
    ids = encode_prompt(tokenizer, before + choice)
    start = len(encode_prompt(tokenizer, before))
    with torch.inference_mode():
        logits = loaded.model(input_ids=torch.tensor([list(ids)])).logits[0].double()
    logprobs = logits.log_softmax(-1).numpy()
    return float(sum(logprobs[place - 1, ids[place]] for place in range(start, len(ids))))


def test_the_scorer_agrees_with_the_logits(checkpoint, tmp_path):
    loaded = load_subject(str(checkpoint))
    truth = [exact(loaded, "Who reads it?", text) for text in CHOICES]
    task = Task(
        [Sample(input="Who reads it?", choices=CHOICES, target="B")],
        scorer=likelihood_choice(norm="byte"),
    )
    [log] = eval(
        task,
        model=f"gaugeblock/{checkpoint}",
        log_dir=str(tmp_path),
        display="none",
        log_realtime=False,
    )
    assert log.status == "success", log.error
    score = log.samples[0].scores["likelihood_choice"]
    per_byte = [x / len(text.encode()) for x, text in zip(truth, CHOICES, strict=True)]
    got = [entry["value"] for entry in score.metadata["result"]["scores"]]
    assert got == pytest.approx(per_byte, abs=1e-4)
    assert score.answer == CHOICES[int(np.argmax(per_byte))]
    assert score.value["value"] == float(np.argmax(per_byte) == 1)
    json.dumps(score.metadata, allow_nan=False)


def test_a_coarse_channel_leaves_choices_open(checkpoint):
    scorer = InspectTextScorer(get_model(f"gaugeblock/{checkpoint}", memoize=False))

    def choose(channel):
        return asyncio.run(
            choose_by_likelihood(scorer, channel, "Who reads it?", CHOICES, norms=("token",))
        )["token"]

    fine = choose(None)
    # The numbers lie on no grid; the step only says how far the truth may be from them.
    coarse = choose(ChannelSpec(family="step", step=40.0))
    assert len(fine.not_excluded) == 1
    assert set(coarse.not_excluded) == {0, 1, 2}


def test_a_provider_without_prompt_logprobs_is_named():
    output = ModelOutput.from_content("mockllm/model", "x")
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    model = get_model("mockllm/model", custom_outputs=[output], memoize=False)
    with pytest.raises(GaugeblockError, match="no logprobs of the prompt"):
        asyncio.run(InspectTextScorer(model).positions("Q", "a"))
    with pytest.raises(GaugeblockError, match="two different texts"):
        asyncio.run(choose_by_likelihood(InspectTextScorer(model), None, "Q", ["a", "a"]))


class Scripted(HttpSource):
    """An endpoint that scores every character at the same logprob."""

    def echo(self, text, *, k):
        names = list(text)
        tops = [None] + [{name: -1.0, "#": -2.0} for name in names[1:]]
        values = [None] + [-1.0] * (len(names) - 1)
        return {
            "choices": [
                {"logprobs": {"tokens": names, "token_logprobs": values, "top_logprobs": tops}}
            ]
        }


def test_an_endpoint_is_scored_by_echo():
    with Scripted("http://127.0.0.1:9/v1", "m", api="completions") as source:
        found = asyncio.run(
            choose_by_likelihood(
                EchoScorer(source),
                None,
                "Q:",
                ["ab", "abcd"],
                norms=("sum", "byte", "mutual_information"),
                target=1,
            )
        )
    assert [score.value for score in found["sum"].scores] == pytest.approx([-3.0, -5.0], abs=1e-5)
    assert found["byte"].scores[1].value == pytest.approx(-5 / 4, abs=1e-5)
    assert [s.value for s in found["mutual_information"].scores] == pytest.approx([0, 0], abs=1e-5)
    assert found["sum"].correct is False
