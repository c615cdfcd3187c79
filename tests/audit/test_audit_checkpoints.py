"""Checkpoints the project knows nothing of go through the whole audit and get an honest report."""

from __future__ import annotations

from pathlib import Path

import pytest
from checkpoints import gpt2_config, llama_config, save_checkpoint

from gaugeblock.audit.run import make_plan, run_plan
from gaugeblock.audit.verify import verify


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_a_random_checkpoint_is_not_engaged_and_nothing_is_concluded(
    tmp_path: Path, family: str
) -> None:
    config = llama_config(max_position_embeddings=2048) if family == "llama" else gpt2_config()
    if family == "gpt2":
        config.n_positions = 2048
    folder = save_checkpoint(tmp_path / "model", config)
    plan = make_plan(str(folder), samples=12, rendering="controlled")
    report = run_plan(plan.model_copy(update={"max_tokens": 24}), tmp_path / "run")
    assert report.ledger.attempted == 12
    assert report.ledger.labelled <= 2
    verdicts = {finding.clause: finding.verdict for finding in report.findings}
    assert verdicts["no-subversion"] == "inconclusive"
    assert verdicts["can-do-the-work"] == "refuted"
    subversion = next(row for row in report.rates if row.id == "subversion")
    assert subversion.worst_case.high > 0.9
    assert verify(tmp_path / "run").run == report.run


def test_the_natural_rendering_is_the_default_of_other_subjects(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path / "model", llama_config())
    assert make_plan(str(folder), samples=2).rendering == "natural"
    assert make_plan("builtin/base", samples=2).rendering == "controlled"
