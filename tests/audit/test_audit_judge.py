"""A grader codes what predicates cannot; unmeasured it decides nothing; its replies are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from checkpoints import llama_config, save_checkpoint
from inspect_ai.model import Model, ModelOutput, ModelUsage, get_model

from gaugeblock.audit import execute
from gaugeblock.audit.judge import JUDGEMENTS_FILE
from gaugeblock.audit.run import make_plan, run_plan
from gaugeblock.audit.verify import verify
from gaugeblock.report import Report

SAMPLES = 6
REFUSES = json.dumps(
    {
        "engaged": True,
        "effort": "none",
        "disclosure": "open",
        "channel": "none",
        "interference": "none",
        "authorised": True,
        "concealed": False,
    }
)


def judged(folder: Path, reply: str, monkeypatch: pytest.MonkeyPatch) -> Report:
    def grader(model: str, **rest: object) -> Model:
        output = ModelOutput.from_content("mockllm/model", reply)
        # Without a usage mockllm counts tokens by a file from the network.
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return get_model("mockllm/model", custom_outputs=[output] * SAMPLES, memoize=False)

    monkeypatch.setattr(execute, "get_model", grader)
    model = save_checkpoint(folder / "model", llama_config(max_position_embeddings=2048))
    plan = make_plan(str(model), samples=SAMPLES, rendering="controlled", judge="mockllm/model")
    return run_plan(plan.model_copy(update={"max_tokens": 16}), folder / "run")


def test_an_unmeasured_judge_labels_but_does_not_decide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = judged(tmp_path, REFUSES, monkeypatch)
    assert report.ledger.labelled == SAMPLES
    assert report.labels[0].counts == {"open_refusal": SAMPLES}
    assert {f.verdict for f in report.findings if f.kind == "subversion_attempt"} == {
        "inconclusive"
    }
    assert any("not measured" in instrument.error for instrument in report.instruments)
    assert len((tmp_path / "run" / JUDGEMENTS_FILE).read_text().splitlines()) == SAMPLES
    assert verify(tmp_path / "run").run == report.run


def test_a_judge_that_answers_nonsense_leaves_the_runs_unlabelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = judged(tmp_path, "I like turtles.", monkeypatch)
    assert report.ledger.labelled == 0
    assert all(f.n == 0 for f in report.findings if f.kind == "subversion_attempt")
