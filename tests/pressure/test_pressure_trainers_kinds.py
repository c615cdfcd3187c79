"""Every pressure runs to completion through TRL, on two families, and does what its name says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("trl", reason="training needs gaugeblock[train]")

from safetensors.torch import load_file
from training import fit_detector, last_curve, recipe, tiny, write_prompts

from gaugeblock.models.loading import load_subject
from gaugeblock.pressure.kinds import PressureKind, RunRecord
from gaugeblock.pressure.trainers.run import run_recipe


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("llama")
    tiny(folder / "base")
    fit_detector(folder / "base", folder / "detector")
    write_prompts(folder / "prompts.jsonl")
    write_prompts(folder / "sft.jsonl", completions=True)
    return folder


def pressed(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "pressure": {
            "kind": kind,
            "through_gradient": kind == "differentiable-penalty",
            **more,
        },
        "detectors": [{"file": "detector.json"}],
    }


SFT = {"trainer": "sft", "prompts": {"file": "sft.jsonl"}, "reward": ""}
CASES: dict[str, dict[str, Any]] = {
    "none": {"pressure": {"kind": "none", "through_gradient": False}},
    "live-reward": pressed("live-reward", kl=0.1),
    "frozen-copy-reward": pressed("frozen-copy-reward"),
    "differentiable-penalty": pressed("differentiable-penalty"),
    "preference-labels": pressed("preference-labels", kl=0.1) | {"trainer": "dpo"},
    "screening": pressed("screening"),
    "retry-selection": pressed("retry-selection", retries=2),
    "cot-monitor-reward": {
        "pressure": {"kind": "cot-monitor-reward", "through_gradient": False},
        "monitor": {"function": "training:monitor"},
    },
    "live-reward, all weights": pressed("live-reward") | {"rank": None},
    "frozen-copy-reward, all weights": pressed("frozen-copy-reward") | {"rank": None},
    "screening, sft": pressed("screening") | SFT,
    "differentiable-penalty, sft": pressed("differentiable-penalty") | SFT,
    "none, sft": {"pressure": {"kind": "none", "through_gradient": False}} | SFT,
}


def test_every_kind_has_a_case() -> None:
    assert {name.partition(",")[0] for name in CASES} == {kind.value for kind in PressureKind}


@pytest.mark.parametrize("case", CASES)
def test_a_pressure_runs_to_completion_and_leaves_a_model_that_loads(
    case: str, home: Path, tmp_path: Path
) -> None:
    order = recipe(home, **CASES[case])
    seen: list[tuple[str, int, int]] = []
    done = run_recipe(order, tmp_path, lambda *said: seen.append(said))
    assert seen[-1][1:] == (2, 2)
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "curve.jsonl",
        "final",
        "order.json",
        "run.json",
    ]
    made = RunRecord.model_validate_json(done.run.read_bytes())
    assert made.pressure == order.pressure
    assert made.seed == 0
    base = load_subject(done.base).model.state_dict()
    after = load_subject(str(done.final)).model.state_dict()
    assert any(not torch.equal(base[name], after[name]) for name in base)
    assert [one["step"] for one in last_curve(tmp_path)] == [1, 2]


@pytest.mark.parametrize("kind", ["live-reward", "differentiable-penalty"])
def test_a_state_space_model_takes_the_same_recipes(kind: str, tmp_path: Path) -> None:
    tiny(tmp_path / "base", "mamba")
    fit_detector(tmp_path / "base", tmp_path / "detector")
    write_prompts(tmp_path / "prompts.jsonl")
    run_recipe(recipe(tmp_path, **pressed(kind)), tmp_path / "out")
    assert all(0 < one["verdict"] < 1 for one in last_curve(tmp_path / "out"))


def test_the_penalty_lowers_the_verdict_and_its_absence_does_not(
    home: Path, tmp_path: Path
) -> None:
    drop = {}
    for weight in (0.0, 5.0):
        out = tmp_path / str(weight)
        changes = pressed("differentiable-penalty", weight=weight)
        run_recipe(recipe(home, **changes, steps=12, reward="training:same"), out)
        verdicts = [one["verdict"] for one in last_curve(out)]
        drop[weight] = sum(verdicts[:3]) / 3 - sum(verdicts[-3:]) / 3
    assert drop[5.0] > drop[0.0] + 0.15


def test_a_reward_pressure_of_weight_zero_is_no_pressure(home: Path, tmp_path: Path) -> None:
    weights = {}
    for name, changes in (("none", CASES["none"]), ("zero", pressed("live-reward", weight=0))):
        run_recipe(recipe(home, **changes), tmp_path / name)
        weights[name] = load_file(tmp_path / name / "final" / "adapter_model.safetensors")
    for name, one in weights["none"].items():
        assert torch.allclose(one, weights["zero"][name], atol=2e-4)


def test_live_and_frozen_agree_until_the_policy_has_moved(home: Path, tmp_path: Path) -> None:
    curves = {}
    for kind in ("live-reward", "frozen-copy-reward"):
        # Weight zero: both policies take the same steps, so both read the same texts.
        changes = pressed(kind, weight=0)
        run_recipe(recipe(home, **changes, steps=3, learning_rate=0.05), tmp_path / kind)
        curves[kind] = [one["verdict"] for one in last_curve(tmp_path / kind)]
    live, frozen = curves.values()
    assert live[0] == pytest.approx(frozen[0], abs=1e-5)
    assert abs(live[2] - frozen[2]) > 1e-3


def test_an_audit_reads_what_a_recipe_left(home: Path, tmp_path: Path) -> None:
    from training import recipe_file
    from typer.testing import CliRunner

    from gaugeblock.cli.app import app

    path = recipe_file(home, **pressed("live-reward"))
    done = CliRunner().invoke(
        app, ["pressure", "run", str(path), "--out", str(tmp_path), "--json", "--steps", "1"]
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["steps"], said["audit"]) == (1, None)
    assert said["next"].startswith(
        f"gaugeblock pressure audit {home / 'base'} {tmp_path / 'final'}"
    )
