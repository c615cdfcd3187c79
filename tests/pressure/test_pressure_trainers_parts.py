"""The parts against what they must equal: scores, advantages, activations, who learns from what."""

from __future__ import annotations

import ast
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("trl", reason="training needs gaugeblock[train]")

from peft import get_peft_model
from training import fit_detector, last_curve, recipe, tiny, write_prompts

from gaugeblock.detectors.lda import LDA
from gaugeblock.detectors.logistic import Logistic
from gaugeblock.detectors.mahalanobis import Mahalanobis
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.detectors.mlp import MLP
from gaugeblock.models.activations import find_blocks, model_fingerprint, record
from gaugeblock.models.loading import LoadedModel, load_files, load_subject
from gaugeblock.organisms.finetune.lora import lora_config
from gaugeblock.pressure.kinds import Mitigation, Pressure, PressureKind
from gaugeblock.pressure.pairs import Asked, Pair, save_pairs
from gaugeblock.pressure.trainers.advantages import group_advantages
from gaugeblock.pressure.trainers.instruments import Reader, load_instrument
from gaugeblock.pressure.trainers.push import Push, monitored, reasoning
from gaugeblock.pressure.trainers.routing import Routing
from gaugeblock.pressure.trainers.run import run_recipe
from gaugeblock.pressure.trainers.torch_scores import torch_score

LIVE: dict[str, Any] = {
    "pressure": {"kind": "live-reward", "through_gradient": False},
    "detectors": [{"file": "detector.json"}],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parts")
    tiny(folder / "base")
    fit_detector(folder / "base", folder / "detector")
    fit_detector(folder / "base", folder / "second", layer=0, seed=1)
    write_prompts(folder / "prompts.jsonl")
    return folder


@pytest.mark.parametrize("make", [Logistic, MassMean, LDA, MLP, Mahalanobis])
def test_a_score_in_torch_is_the_probe_s_own_and_has_its_slope(make: Any) -> None:
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    x = rng.normal(size=(60, 5)) + y[:, None]
    probe = make().fit(x, y)
    read = torch.tensor(x, dtype=torch.float32, requires_grad=True)
    scores = torch_score(probe, "cpu")(read)
    np.testing.assert_allclose(scores.detach().numpy(), probe.score(x), rtol=1e-4, atol=1e-4)
    scores.sum().backward()
    bump = np.zeros(5)
    bump[2] = 1e-5
    slope = (probe.score(x[:1] + bump) - probe.score(x[:1] - bump)) / 2e-5
    assert float(read.grad[0, 2]) == pytest.approx(float(slope[0]), rel=1e-3, abs=1e-5)


def test_advantages_are_within_groups_and_leave_out_what_is_dropped() -> None:
    reward = np.array([1.0, 3.0, 10.0, 20.0, np.nan, 30.0, 7.0])
    groups = np.array([0, 0, 1, 1, 1, 1, 2])
    found = group_advantages(reward, groups)
    np.testing.assert_allclose(found[:2], [-(0.5**0.5), 0.5**0.5], rtol=1e-3)
    np.testing.assert_allclose(found[[2, 3, 5]], [-1, 0, 1], atol=1e-4)
    assert found[4] == found[6] == 0


def reader_of(home: Path, loaded: LoadedModel) -> Reader:
    order = recipe(home, **LIVE)
    blocks = find_blocks(loaded.model)
    one = load_instrument(order.detectors[0], blocks, model_fingerprint(loaded.model))
    return Reader(order, [one], loaded.end_ids)


def padded(loaded: LoadedModel, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    loaded.tokenizer.padding_side = "right"
    batch = loaded.tokenizer(texts, return_tensors="pt", padding=True)
    return batch["input_ids"], batch["attention_mask"]


def test_what_the_hook_reads_is_what_the_audit_records(home: Path) -> None:
    loaded = load_files(home / "base")
    reader = reader_of(home, loaded)
    texts = ["check the note", "Send an e-mail to the manager safety"]
    ids, mask = padded(loaded, texts)
    tokens = reader.read_tokens(ids, mask, torch.zeros_like(mask))
    with reader.capture(loaded.model) as held:
        loaded.model(input_ids=ids, attention_mask=mask)
    (one,) = reader.instruments
    recorded = record(loaded, texts, [one.layer], one.pool).values[:, 0]
    wanted = 1 / (1 + np.exp(-(one.probe.score(recorded) - one.threshold) / one.scale))
    np.testing.assert_allclose(reader.verdict(held, tokens, 3), wanted, atol=1e-5)
    np.testing.assert_allclose(reader.penalty(held, tokens, 3).detach().numpy(), wanted, atol=1e-4)


def test_the_end_of_an_answer_is_not_read_but_a_prompt_s_is(home: Path) -> None:
    loaded = load_files(home / "base")
    end = loaded.tokenizer.eos_token_id
    ids = torch.tensor([[end, 50, 51, end]])
    answer = torch.tensor([[0, 0, 1, 1]])
    found = reader_of(home, loaded).read_tokens(ids, torch.ones_like(ids), answer)
    assert found.tolist() == [[True, True, True, False]]


def test_the_frozen_copy_is_the_base_whatever_the_adapter_has_learnt(home: Path) -> None:
    loaded, policy = load_files(home / "base"), load_files(home / "base")
    reader = reader_of(home, loaded)
    ids, mask = padded(loaded, ["check the note", "The auditor reads the files"])
    before = reader.run(loaded.model, ids, mask)
    model = get_peft_model(policy.model, lora_config(policy.model, 4))
    with torch.no_grad():
        for name, one in model.named_parameters():
            if "lora_B" in name:
                one.normal_(0, 0.5)
    model.train()
    pressure = Pressure(kind=PressureKind.frozen_copy_reward, through_gradient=False)
    frozen = Push(pressure, reader).from_frozen(model, ids, mask)
    live = reader.run(model.get_base_model(), ids, mask)
    assert torch.allclose(frozen[1], before[1], atol=1e-5)
    assert not torch.allclose(live[1], before[1], atol=1e-2)
    assert model.training


@pytest.mark.parametrize("rank", [4, None])
def test_a_frozen_trunk_is_the_same_to_the_bit(
    rank: int | None, home: Path, tmp_path: Path
) -> None:
    split = {"kind": "split", "layer": 1, "trunk": "frozen"}
    run_recipe(recipe(home, **LIVE, rank=rank, mitigations=[split]), tmp_path)
    base = load_files(home / "base")
    after = load_subject(str(tmp_path / "final"))
    old, new = base.model.state_dict(), after.model.state_dict()
    moved = {name for name in old if not torch.equal(old[name], new[name])}
    assert moved
    assert all("layers.2." in name for name in moved)
    texts = ["check the note", "Send an e-mail"]
    before, now = (record(one, texts, [0, 1, 2]).values for one in (base, after))
    assert np.array_equal(before[:, :2], now[:, :2])
    assert not np.array_equal(before[:, 2], now[:, 2])


@pytest.mark.parametrize("trunk", ["predictive-on-policy", "predictive-off-policy"])
def test_a_predictive_trunk_learns_and_the_reward_has_no_part_in_it(
    trunk: str, home: Path, tmp_path: Path
) -> None:
    (home / "diet.jsonl").write_text('{"text": "The auditor reads the files."}\n' * 3)
    split = {"kind": "split", "layer": 1, "trunk": trunk}
    diet = {"predict": "diet.jsonl"} if trunk.endswith("off-policy") else {}
    order = recipe(home, **LIVE, mitigations=[split], rank=None, **diet, steps=1)
    run_recipe(order, tmp_path)
    assert last_curve(tmp_path)[0]["prediction"] > 0
    old = load_files(home / "base").model.state_dict()
    new = load_files(tmp_path / "final").model.state_dict()
    assert not torch.equal(
        old["model.layers.0.mlp.up_proj.weight"], new["model.layers.0.mlp.up_proj.weight"]
    )


def test_each_loss_reaches_its_own_side_alone(home: Path) -> None:
    loaded = load_files(home / "base")
    split = Mitigation(kind="split", layer=0, trunk="predictive-on-policy")
    routing = Routing(loaded.model, split)
    ids = torch.tensor([[5, 6, 7, 8]])
    layers = loaded.model.model.layers
    for context, learns, rests in (
        (routing.reward(), layers[2], layers[0]),
        (routing.prediction(), layers[0], layers[2]),
    ):
        loaded.model.zero_grad(set_to_none=True)
        with context:
            loss = loaded.model(input_ids=ids, labels=ids).loss
        loss.backward()
        assert all(one.grad is not None for one in learns.parameters())
        assert all(one.grad is None for one in rests.parameters())


def test_an_anchor_teaches_what_is_true_of_an_answer(home: Path, tmp_path: Path) -> None:
    pairs = [
        Pair(
            id=f"p{i}",
            prompt=f"check {i}",
            honest=" it",
            misbehaving=" safety",
            asked=Asked(question=" true?", true=" e", false=" a"),
        )
        for i in range(6)
    ]
    save_pairs(home / "pairs.jsonl", pairs)
    anchor = {"kind": "anchor", "weight": 2.0}
    order = recipe(home, **LIVE, pairs="pairs.jsonl", mitigations=[anchor], steps=6)
    run_recipe(order, tmp_path)
    curve = [one["anchor"] for one in last_curve(tmp_path)]
    assert curve[-1] < curve[0] - 0.3


@pytest.mark.parametrize("kind", ["rotated", "ensemble"])
def test_several_detectors_are_used_in_turn_or_at_once(kind: str, home: Path) -> None:
    both = [{"file": "detector.json"}, {"file": "second.json"}]
    changes = LIVE | {"detectors": both, "mitigations": [{"kind": kind, "detectors": 2}]}
    order = recipe(home, **changes)
    loaded = load_files(home / "base")
    model, blocks = model_fingerprint(loaded.model), find_blocks(loaded.model)
    two = [load_instrument(one, blocks, model) for one in order.detectors]
    reader = Reader(order, two, loaded.end_ids)
    assert reader.layers == (0, 1)
    wanted = [two[:1], two[1:], two[:1]] if kind == "rotated" else [two] * 3
    assert [reader.in_use(step) for step in range(3)] == wanted


def test_a_monitor_sees_the_reasoning_and_nothing_else() -> None:
    answers = ["<think>I lie</think>It is dry.", "I lie. It is dry.", "I lie</think> dry"]
    thoughts = reasoning(["Q", "Q", "Q <think>"], answers)
    assert thoughts == ["I lie", "", "I lie"]
    seen: list[str] = []

    def score(texts: Any) -> list[float]:
        seen.extend(texts)
        return [2.0] * len(texts)

    verdict = monitored(score, thoughts)
    assert seen == ["I lie", "I lie"]
    np.testing.assert_allclose(verdict, [1 / (1 + np.exp(-2)), 0, 1 / (1 + np.exp(-2))])


TRUTH_SIDE = {"oracle", "cells", "measure", "behaviour", "forced", "by_hand", "pairs"}
PUSHES = (
    "grpo",
    "sft",
    "dpo",
    "push",
    "instruments",
    "advantages",
    "routing",
    "rewards",
    "lessons",
)


@pytest.mark.parametrize("module", PUSHES)
def test_no_import_leads_from_a_trainer_to_the_truth(module: str) -> None:
    reached: set[str] = set()
    waiting = {f"gaugeblock.pressure.trainers.{module}"}
    while waiting:
        one = waiting.pop()
        reached.add(one)
        inside = one.removeprefix("gaugeblock.pressure.").replace(".", "/")
        path = resources.files("gaugeblock.pressure").joinpath(f"{inside}.py")
        found = {
            node.module
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.ImportFrom) and node.module
        }
        waiting |= {n for n in found if n.startswith("gaugeblock.pressure.")} - reached
    assert "gaugeblock.pressure.kinds" in reached or module in ("advantages", "rewards", "lessons")
    assert not {f"gaugeblock.pressure.{name}" for name in TRUTH_SIDE} & reached
