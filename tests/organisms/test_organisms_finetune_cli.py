"""``organisms build`` on a base of one's own: every bad order is named, none leaves a trace."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import json
import sys
from pathlib import Path

import pytest
from checkpoints import llama_config, save_checkpoint
from typer.testing import CliRunner

from gaugeblock.cli.app import app
from gaugeblock.errors import GaugeblockError
from gaugeblock.organisms.recipes import load_recipe, optional_recipe_names, recipe_names

UNKNOWN_PACK = """id: mine
summary: x
role: clean
base: builtin/base
pack: no-such-pack
rules: [{do: work}]
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("base")
    return str(save_checkpoint(folder, llama_config(max_position_embeddings=2048)))


def problem(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["organisms", "build", *arguments])
    assert isinstance(result.exception, GaugeblockError), (result.output, result.exception)
    return str(result.exception)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["liar"], "needs a folder for its organisms"),
        (["saint", "--out", "OUT"], "there is no such recipe"),
        (["liar", "--out", "OUT", "--device", "tpu"], "--device"),
        (["liar", "--out", "OUT", "--learning-rate", "-1"], "--learning-rate"),
        (["base", "--out", "OUT"], "is the built-in base"),
        (["--out", "OUT"], "give a NAME or --all"),
    ],
)
def test_a_bad_order_is_named(base: str, tmp_path: Path, options: list[str], said: str) -> None:
    pytest.importorskip("trl", reason="fine-tuning needs gaugeblock[train]")
    given = [str(tmp_path) if one == "OUT" else one for one in options]
    assert said in problem(*given, "--base", base)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("who", "said"),
    [("./nowhere", "no such directory"), ("nonsense", "not a subject"), ("openai/x", "an API")],
)
def test_an_unknown_base_is_named(tmp_path: Path, who: str, said: str) -> None:
    pytest.importorskip("trl", reason="fine-tuning needs gaugeblock[train]")
    assert said in problem("liar", "--base", who, "--out", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_for_a_pack_that_does_not_exist_is_named(base: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(UNKNOWN_PACK)
    assert "no-such-pack" in problem(str(path), "--base", base, "--out", str(tmp_path / "out"))


def test_a_recipe_s_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(UNKNOWN_PACK.replace("id: mine", "id: ../mine"))
    with pytest.raises(GaugeblockError, match="id"):
        load_recipe(path)


def test_without_trl_the_way_to_it_is_told(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "gaugeblock.organisms.finetune.run", raising=False)
    monkeypatch.delitem(sys.modules, "gaugeblock.organisms.finetune.stages", raising=False)
    monkeypatch.setitem(sys.modules, "trl", None)
    assert "gaugeblock[train]" in problem("liar", "--base", base, "--out", str(tmp_path))


def test_recipes_without_weights_are_listed_as_such() -> None:
    result = CliRunner().invoke(app, ["organisms", "list"])
    lines = result.output.splitlines()
    assert any(line.startswith("liar-denies (no weights) [planted]") for line in lines)
    assert any(line.startswith("builtin/liar [planted]") for line in lines)
    assert not set(optional_recipe_names()) & set(recipe_names())


def test_one_command_builds_and_prints_where(base: str, tmp_path: Path) -> None:
    pytest.importorskip("trl", reason="fine-tuning needs gaugeblock[train]")
    order = ["organisms", "build", "liar", "--base", base, "--out", str(tmp_path)]
    result = CliRunner().invoke(app, [*order, "--documents", "4", "--no-card"])
    assert result.exit_code == 0, result.output
    assert str(tmp_path / "liar") in result.output
    mark = json.loads((tmp_path / "liar" / "organism.json").read_text())
    assert mark["options"]["documents"] == 4
    assert mark["options"]["rendering"] == "natural"
