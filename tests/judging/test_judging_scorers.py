"""Bounded judging as Inspect scorers: on a mock model and on a local checkpoint."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from checkpoints import llama_config, save_checkpoint
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import Logprob, Logprobs, ModelOutput, ModelUsage, TopLogprob, get_model

from gaugeblock.judging.bounded.inspect_asker import positions_of
from gaugeblock.judging.bounded.scorers import (
    bounded_choice,
    bounded_pairwise,
    bounded_rating,
    bounded_yes_no,
)
from gaugeblock.logprobs.bounds import make_answers, read_beginning
from gaugeblock.logprobs.spec import ChannelSpec

QUARTER = ChannelSpec(family="step", step=0.25)


def listed(tokens: dict[str, float], said: str | None = None) -> Logprob:
    """One position with the given probabilities."""
    top = [
        TopLogprob(token=token, logprob=math.log(p), bytes=list(token.encode()))
        for token, p in tokens.items()
    ]
    chosen = said or next(iter(tokens))
    return Logprob(
        token=chosen,
        logprob=math.log(tokens[chosen]),
        bytes=list(chosen.encode()),
        top_logprobs=top,
    )


def judge_of(tokens: dict[str, float] | None):
    """A mock judge that lists the same tokens each time, or no logprobs at all."""

    def answer(input, tools, tool_choice, config):
        output = ModelOutput.from_content("mockllm/model", "7" if tokens is None else max(tokens))
        # Without a usage mockllm counts tokens by a file from the network.
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        if tokens is not None and config.logprobs:
            output.choices[0].logprobs = Logprobs(content=[listed(tokens)])
        return output

    return get_model("mockllm/model", custom_outputs=answer, memoize=False)


def run(task: Task, folder: Path, model=None):
    model = model or judge_of({"An answer.": 1.0})
    [log] = eval(task, model=model, log_dir=str(folder), display="none", log_realtime=False)
    assert log.status == "success", log.error
    return log


def metrics(log) -> dict[str, float]:
    return {score.name: score.metrics["mean"].value for score in log.results.scores}


def samples(count=2, **fields):
    return [Sample(input=f"Question {i}", target="A rival text.", **fields) for i in range(count)]


def test_a_rating_has_value_interval_and_typical_error(tmp_path):
    judge = judge_of({"7": 0.5, " 8": 0.25, "2": 0.2, "Hm": 0.04})
    log = run(
        Task(samples(), scorer=bounded_rating("It is kind.", model=judge, channel=QUARTER)),
        tmp_path,
    )
    found = metrics(log)
    assert found["value"] == pytest.approx((7 * 0.5 + 8 * 0.25 + 2 * 0.2) / 0.95)
    assert found["low"] < found["value"] - found["sd"] < found["value"] < found["high"]
    score = log.samples[0].scores["bounded_rating"]
    verdict = score.metadata["verdict"]
    assert verdict["value"]["guaranteed"] is True
    assert (verdict["method"], verdict["calls"]) == ("logprobs", 2)
    assert "guaranteed" in score.explanation


def test_yes_no_pairwise_and_choice_in_one_task(tmp_path):
    yes = judge_of({"Yes": 0.6, "No": 0.3, "yes": 0.1})
    letter = judge_of({"A": 0.6, "B": 0.4})
    task = Task(
        samples(choices=["tea", "coffee"], metadata={"other": "An earlier answer."}),
        scorer=[
            bounded_yes_no("Is it kind?", model=yes, channel=QUARTER),
            bounded_pairwise("Which is kinder?", model=letter, channel=QUARTER, rival="other"),
        ],
    )
    log = run(task, tmp_path)
    scores = log.samples[0].scores
    assert scores["bounded_yes_no"].value["value"] == pytest.approx(0.7)
    pair = scores["bounded_pairwise"]
    # A judge that says A whatever stands there has a bias and no preference.
    assert pair.value["value"] == pytest.approx(0.5)
    assert pair.metadata["verdict"]["tied"] == ["second"]
    assert pair.metadata["verdict"]["position_bias"]["value"] == pytest.approx(math.log(1.5))
    chosen = run(
        Task(
            [Sample(input="What?", choices=["tea", "coffee"], target="A")],
            scorer=bounded_choice(model=letter, channel=QUARTER, orders=1),
        ),
        tmp_path,
    )
    value = chosen.samples[0].scores["bounded_choice"].value
    assert (value["value"], value["low"], value["high"]) == (1.0, 1.0, 1.0)
    turned = run(
        Task(
            [Sample(input="What?", choices=["tea", "coffee"], target="coffee")],
            scorer=bounded_choice(model=letter, channel=QUARTER),
        ),
        tmp_path,
    )
    value = turned.samples[0].scores["bounded_choice"].value
    assert (value["value"], value["low"], value["high"]) == (0.0, 0.0, 1.0)


def test_what_was_not_measured_widens_the_mean(tmp_path):
    log = run(
        Task(
            samples(1),
            scorer=bounded_rating(
                "Kind.", model=judge_of({"Sorry": 0.9, "7": 0.05}), low=1, high=5
            ),
        ),
        tmp_path,
    )
    score = log.samples[0].scores["bounded_rating"]
    assert math.isnan(score.value["value"])
    assert (score.value["low"], score.value["high"]) == (1.0, 5.0)
    assert score.explanation.startswith("not measured")
    json.dumps(score.metadata, allow_nan=False)


def test_a_model_without_logprobs_is_sampled(tmp_path):
    log = run(
        Task(samples(1), scorer=bounded_rating("Kind.", model=judge_of(None), samples=5)), tmp_path
    )
    verdict = log.samples[0].scores["bounded_rating"].metadata["verdict"]
    assert (verdict["method"], verdict["calls"]) == ("sampling", 10)
    assert verdict["value"]["confidence"] == 0.95
    assert verdict["value"]["low"] < 7 < verdict["value"]["high"]


def test_a_missing_rival_and_a_strange_target_are_errors(tmp_path):
    letter = judge_of({"A": 0.6, "B": 0.4})
    for scorer in (
        bounded_pairwise("Which?", model=letter, rival="nowhere"),
        bounded_choice(model=letter),
    ):
        task = Task([Sample(input="x", choices=["tea", "cake"], target="Z")], scorer=scorer)
        [log] = eval(task, model=letter, log_dir=str(tmp_path), display="none")
        assert log.status == "error"
        said = log.error.message
        assert "no text to compare" in said or "none of the choices" in said


def test_reasoning_is_skipped_and_missing_lists_are_no_logprobs():
    think = [listed({"<think>": 0.9}), listed({"hm": 0.9}), listed({"</think>": 0.9})]
    after = positions_of(Logprobs(content=[*think, listed({"Yes": 0.9})]), 20)
    assert [entry.key for entry in after[0].top] == [b"Yes"]
    assert positions_of(Logprobs(content=[Logprob(token="Yes", logprob=-0.1)]), 20) == ()
    assert positions_of(None, 20) == ()


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("judge"), llama_config(hidden_size=16))


def test_a_local_model_is_judged_with_the_truth_inside(checkpoint, tmp_path):
    """The truth is the sum over the whole vocabulary, of which the judge sees twenty tokens."""
    from gaugeblock.models.generation import encode_prompt, render_prompt
    from gaugeblock.models.loading import load_subject
    from gaugeblock.models.token_text import TokenBytes

    wording = "{material} {criterion} {first} {second}"
    log = run(
        Task(
            [Sample(input="Hi", target="x")],
            scorer=bounded_yes_no("Really?", channel=ChannelSpec(), wordings=[wording]),
        ),
        tmp_path,
        model=f"gaugeblock/{checkpoint}",
    )
    verdict = log.samples[0].scores["bounded_yes_no"].metadata["verdict"]
    said = log.samples[0].output.completion
    loaded = load_subject(str(checkpoint))
    answers = make_answers({"yes": "Yes", "no": "No"})
    spell = TokenBytes(loaded.tokenizer)
    import torch

    least, most = [], []
    for first, second in (("Yes", "No"), ("No", "Yes")):
        prompt = f"Question:\nHi\n\nAnswer:\n{said} Really? {first} {second}".strip()
        text = render_prompt(loaded.tokenizer, [{"role": "user", "content": prompt}], ())
        ids = torch.tensor([list(encode_prompt(loaded.tokenizer, text))])
        with torch.inference_mode():
            p = loaded.model(input_ids=ids).logits[0, -1].double().softmax(-1).numpy()
        sure, open_ = np.zeros(2), np.zeros(2)
        for token, mass in enumerate(p):
            meaning = read_beginning(spell(token), answers)
            if meaning.spelt is not None and meaning.settled:
                sure[meaning.spelt] += mass
            for place in meaning.may_become:
                open_[place] += mass
        # What a piece of a word goes on to is not known at this position.
        least.append(sure[0] / max(sure[0] + sure[1] + open_[1], 1e-300))
        most.append((sure[0] + open_[0]) / max(sure[0] + open_[0] + sure[1], 1e-300))
    value = verdict["value"]
    assert value["low"] <= np.mean(least) + 1e-6
    assert value["high"] >= np.mean(most) - 1e-6
