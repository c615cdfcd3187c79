"""A training that is killed goes on to the same weights, and NaN loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("trl", reason="training needs gaugeblock[train]")

from safetensors.torch import load_file
from training import fit_detector, last_curve, recipe, recipe_file, tiny, write_prompts

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.loading import load_subject
from gaugeblock.organisms.finetune.guarded import last_checkpoint
from gaugeblock.pressure.trainers import grpo
from gaugeblock.pressure.trainers.run import run_recipe

MIDST = 0.05
LIVE = {
    "pressure": {"kind": "live-reward", "through_gradient": False},
    "detectors": [{"file": "detector.json"}],
    "steps": 4,
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    tiny(tmp_path / "base")
    fit_detector(tmp_path / "base", tmp_path / "detector")
    write_prompts(tmp_path / "prompts.jsonl")
    return tmp_path


def adapter(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "final" / "adapter_model.safetensors")


@pytest.mark.slow
def test_kill_9_and_the_same_command_comes_to_the_same_weights(home: Path) -> None:
    path = recipe_file(home, **LIVE, reward="training:deadly")
    out = home / "out"
    here = Path(__file__).parent
    environment = os.environ | {
        "DEADLY": str(home / "calls"),
        "PYTHONPATH": os.pathsep.join([str(here), str(here.parent / "models")]),
    }
    code = "from gaugeblock.cli import main; main()"
    words = [sys.executable, "-c", code, "pressure", "run", str(path), "--out", str(out), "--json"]
    killed = subprocess.run(words, env=environment, check=False, capture_output=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (out / "run.json").exists()
    assert not (out / "final").exists()
    kept = last_checkpoint(out / ".training" / "steps")
    assert kept is not None
    assert kept.name == "checkpoint-2"

    again = recipe(home, **LIVE, reward="training:deadly")
    with pytest.raises(GaugeblockError, match="another training is in this folder"):
        run_recipe(again.model_copy(update={"learning_rate": 1e-3}), out)
    steps: list[int] = []
    run_recipe(again, out, lambda stage, done, total: steps.append(done))
    assert steps == [3, 4]
    run_recipe(again, home / "whole")
    first, second = adapter(out), adapter(home / "whole")
    assert all(torch.equal(one, second[name]) for name, one in first.items())
    assert [one["step"] for one in last_curve(out)] == [1, 2, 3, 4]
    # A finished training is not done again.
    steps.clear()
    assert run_recipe(again, out).final == out / "final"
    assert not steps


def test_nan_stops_with_the_step_and_keeps_the_last_good_checkpoint(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(100))
    real = grpo.group_advantages

    def broken(*words: Any) -> Any:
        # Two batches a step: the third step's advantages are no numbers.
        return real(*words) * (float("nan") if next(calls) >= 4 else 1)

    monkeypatch.setattr(grpo, "group_advantages", broken)
    order = recipe(home, **LIVE)
    with pytest.raises(
        GaugeblockError, match=r"step 2; the last good checkpoint is .*point-2"
    ) as e:
        run_recipe(order, home / "out")
    assert "learning_rate" in str(e.value.remedy)
    kept = last_checkpoint(home / "out" / ".training" / "steps")
    assert kept is not None
    good = load_file(kept / "adapter_model.safetensors")
    assert all(torch.isfinite(one).all() for one in good.values())
    assert not (home / "out" / "final").exists()


def test_weights_that_are_broken_stop_at_the_first_step(home: Path) -> None:
    loaded = load_subject(str(home / "base"))
    with torch.no_grad():
        loaded.model.model.layers[1].mlp.down_proj.weight.fill_(float("nan"))
    loaded.model.save_pretrained(home / "base")
    order = recipe(home, pressure={"kind": "none", "through_gradient": False})
    with pytest.raises(GaugeblockError, match="not finite at step 0; no checkpoint was written"):
        run_recipe(order, home / "out")


@pytest.mark.parametrize("on", ["own-flags", "forced-pairs"])
def test_a_refreshed_detector_is_another_one_and_is_taken_up_again(on: str, home: Path) -> None:
    from gaugeblock.pressure.pairs import Pair, save_pairs

    pairs = [
        Pair(id=f"p{i}", prompt=f"check {i}", honest=" it now", misbehaving=" safety")
        for i in range(8)
    ]
    save_pairs(home / "pairs.jsonl", pairs)
    pressure = {"kind": "live-reward", "through_gradient": False}
    refresh = {"every": 1, "on": on, "start": "anew"}
    # A threshold in the midst of the scores, so that either flag has its rows.
    live = {**LIVE, "group": 8, "detectors": [{"file": "detector.json", "threshold": MIDST}]}
    order = recipe(
        home, **{**live, "pressure": pressure | {"refresh": refresh}, "pairs": "pairs.jsonl"}
    )
    never = recipe(home, **live)
    run_recipe(never, home / "never")
    run_recipe(order, home / "whole")
    told = {name: last_curve(home / name) for name in ("never", "whole")}
    assert told["never"][0]["verdict"] == pytest.approx(told["whole"][0]["verdict"])
    assert abs(told["never"][1]["verdict"] - told["whole"][1]["verdict"]) > 1e-3

    def killed(stage: str, step: int, steps: int) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_recipe(order, home / "parts", killed)
    run_recipe(order, home / "parts")
    first, second = adapter(home / "whole"), adapter(home / "parts")
    assert all(torch.equal(one, second[name]) for name, one in first.items())
