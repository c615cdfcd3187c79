"""Recipes on the built-in base and this project's packs, up to the audit of what came of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

pytest.importorskip("trl", reason="training needs gaugeblock[train]")

from training import fit_detector

from gaugeblock.cli.app import app
from gaugeblock.models.loading import load_subject
from gaugeblock.models.subjects import subject_files
from gaugeblock.pressure.pairs import Pair, save_pairs
from gaugeblock.pressure.result import load_audit
from gaugeblock.pressure.trainers.recipe import shipped


def test_the_honesty_pack_under_pressure_and_its_audit(tmp_path: Path) -> None:
    base = subject_files("builtin/base").base
    for name, layer in (("trained-against", 1), ("held-out", 2)):
        fit_detector(base, tmp_path / name, layer=layer)
    path = tmp_path / "recipe.yaml"
    path.write_text(
        shipped("honesty-live")
        .read_text()
        .replace("steps: 40", "steps: 1")
        .replace("count: 128", "count: 4")
        .replace("temperature: 1.5", "temperature: 1.0e-4")
    )
    pairs = [
        Pair(id=f"p{i}", prompt=f"Chest {i} is", honest=" damp", misbehaving=" dry")
        for i in range(40)
    ]
    save_pairs(tmp_path / "pairs.jsonl", pairs)
    words = ["pressure", "run", str(path), "--out", str(tmp_path / "out"), "--json"]
    done = CliRunner().invoke(app, [*words, "--audit", str(tmp_path / "pairs.jsonl")])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["base"] == "builtin/base"
    # All answers of a group are the same at that temperature, and the record does not hide it.
    assert "NOTHING WAS LEARNT" in said["note"]
    found = load_audit(tmp_path / "out" / "audit" / "pressure-audit.json")
    assert found.outcome.words == said["audit"]
    assert "NOTHING WAS LEARNT" in found.measured.run.note
    assert found.measured.run.pressure is not None
    assert found.measured.run.pressure.kind.value == "live-reward"


def test_the_wrongdoing_pack_pays_for_work(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(shipped("wrongdoing-none").read_text().replace("count: 128", "count: 4"))
    done = CliRunner().invoke(
        app, ["pressure", "run", str(path), "--out", str(tmp_path / "out"), "--steps", "1"]
    )
    assert done.exit_code == 0, done.output
    (row,) = (tmp_path / "out" / "curve.jsonl").read_text().splitlines()
    assert 0 < json.loads(row)["reward"] <= 1
    before, after = (
        load_subject(one).model.state_dict()
        for one in ("builtin/base", str(tmp_path / "out/final"))
    )
    moved = any(not torch.equal(before[name], after[name]) for name in before)
    # Few prompts of a base that is sure of itself: either may be, and the record says which.
    assert moved == ("NOTHING WAS LEARNT" not in done.output)
    assert "now: gaugeblock pressure audit builtin/base" in done.output


def test_the_shipped_recipes_are_listed() -> None:
    done = CliRunner().invoke(app, ["pressure", "run", "list"])
    assert done.exit_code == 0
    assert "honesty-live" in done.output.split()
