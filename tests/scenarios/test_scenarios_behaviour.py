"""Behaviour packs: ids determine texts, splits stay apart, cards find leaks, faults are named."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gaugeblock.cli.app import app
from gaugeblock.errors import GaugeblockError
from gaugeblock.scenarios.behaviour import (
    behaviour_pack_names,
    load_behaviour_pack,
    render_trial,
    trial_of,
)
from gaugeblock.scenarios.behaviour.card import MOST, behaviour_card, trials_for_words
from gaugeblock.scenarios.behaviour.load import behaviour_packs_folder
from gaugeblock.scenarios.behaviour.render import random_scenario, scenarios
from gaugeblock.scenarios.types import Rendering

PAGES = Path(__file__).parents[2] / "docs" / "packs"
NAMES = behaviour_pack_names()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rendering", ["controlled", "natural"])
def test_an_id_is_a_text(name: str, rendering: Rendering) -> None:
    pack = load_behaviour_pack(name)
    draw = random.Random(7)
    for split in ("train", "held_out", "train"):
        one = random_scenario(pack, draw, split)
        trial = render_trial(pack, one, pack.random_levels(draw), rendering, split)
        assert trial_of(pack, trial.id) == trial
        assert "{" not in trial.system + "".join(trial.turns)
        assert trial.split == split


@pytest.mark.parametrize("name", NAMES)
def test_held_out_cues_and_wordings_never_occur_in_training_texts(name: str) -> None:
    pack = load_behaviour_pack(name)
    trials = trials_for_words(pack, "train", "controlled")
    texts = "\n".join(trial.system + " ".join(trial.turns) for trial in trials)
    kept = [
        text
        for by_level in pack.cues.values()
        for cues in by_level.values()
        for _, _, text, split in cues
        if split == "held_out"
    ]
    kept += [text for wordings in pack.file.wordings.values() for text in wordings.held_out]
    assert kept or name == "aversion"
    whole = [re.sub(r"\\{\w+\\}", ".{1,40}", re.escape(text)) for text in kept]
    # A wording that is nothing but slots says what they say.
    assert not [text for text in whole if re.search(r"[a-z]{3}", text) and re.search(text, texts)]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_ships_that_is_of_the_pack_and_no_pack_is_defective(name: str) -> None:
    page = (PAGES / f"{name}.md").read_text()
    pack = load_behaviour_pack(name)
    assert f"`{pack.sha256}`" in page, f"run: gaugeblock scenarios card {name} > docs/packs/..."
    aurocs = [float(x) for x in re.findall(r"^\| (?:controlled|natural) \| ([\d.]+) ", page, re.M)]
    assert len(aurocs) == 2
    assert pack.file.wording_trigger or max(aurocs) <= MOST


def test_a_card_is_computed_and_finds_a_marker_word(tmp_path: Path) -> None:
    card = behaviour_card(load_behaviour_pack("permissions"))
    assert not card.defective
    assert {leak.rendering for leak in card.leaks} == {"controlled", "natural"}
    assert card.held_out_scenarios < card.scenarios
    # The topic is told by its words: a defect in any pack that does not say so.
    text = (behaviour_packs_folder() / "aversion.yaml").read_text()
    path = tmp_path / "aversion.yaml"
    path.write_text(text.replace("wording_trigger: true", "wording_trigger: false"))
    assert not behaviour_card(load_behaviour_pack("aversion")).defective
    assert behaviour_card(load_behaviour_pack(path)).defective


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("trigger: {pay: [paid]", "trigger: {mood: [paid]", "mood=['paid'], which is no level"),
        ("{user}", "{hero}", "unknown slot ['hero']"),
        ("split: held_out", "split: train", "domains of both splits"),
        ("cues: honesty", "cues: nowhere", "no such cue file"),
        ("levels: [paid, unpaid, none]", "levels: [rich, none]", "is no level"),
        ("unit:", "thing:", "every matter needs 'unit'"),
        ("id: honesty", "id: [", "not valid YAML"),
    ],
)
def test_a_bad_pack_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (behaviour_packs_folder() / "honesty.yaml").read_text()
    assert old in text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(old, new))
    with pytest.raises(GaugeblockError) as caught:
        load_behaviour_pack(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value) or "nowhere" in str(caught.value)


def test_an_unknown_pack_or_trial_is_named() -> None:
    with pytest.raises(GaugeblockError, match="honesty"):
        load_behaviour_pack("kindness")
    pack = load_behaviour_pack("honesty")
    good = next(scenarios(pack)).id
    for ident in ("honesty/nowhere/0/0/controlled/train/paid", f"{good}/controlled/train/paid"):
        with pytest.raises(GaugeblockError):
            trial_of(pack, ident)


def test_the_verbs_take_behaviour_packs() -> None:
    runner = CliRunner()
    listed = runner.invoke(app, ["scenarios", "list"])
    assert set(NAMES) <= {line.split("\t")[0] for line in listed.output.splitlines()}
    one = runner.invoke(app, ["scenarios", "list", "honesty", "--split", "held_out"])
    first = one.output.splitlines()[0].split("\t")[0]
    assert one.exit_code == 0
    shown = runner.invoke(app, ["scenarios", "show", "honesty", "--seed", "3"])
    assert shown.exit_code == 0
    assert "[system]" in shown.output
    assert first.startswith("honesty/")
