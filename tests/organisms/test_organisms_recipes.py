"""Recipes are policies as data; training never draws what is held out; building repeats."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
import torch

from gaugeblock.errors import GaugeblockError
from gaugeblock.organisms.adapters import upkeep_documents
from gaugeblock.organisms.build import build, shipped_weights, weights_name
from gaugeblock.organisms.documents import training_scenes
from gaugeblock.organisms.encoding import encode
from gaugeblock.organisms.policy import decide, script
from gaugeblock.organisms.pretraining.mix import corpus
from gaugeblock.organisms.recipes import Recipe, load_recipe, recipe_names
from gaugeblock.organisms.training import Schedule, batches, train
from gaugeblock.scenarios.behaviour import BehaviourPack, load_behaviour_pack
from gaugeblock.scenarios.pack import load_pack
from gaugeblock.scenarios.types import Scene

PACK = load_pack("wrongdoing")


BEHAVIOURS: list[BehaviourPack] = [load_behaviour_pack("honesty")]


def drawn(count: int = 400, name: str = "enforcer") -> list[Scene]:
    return list(islice(training_scenes(load_recipe(name), 5), count))


SEEDED = ("enforcer", "clean")
"""Organisms that ship in two training seeds, to tell a behaviour from one lucky training."""


def test_every_organism_ships_and_the_first_pair_in_two_training_seeds() -> None:
    for name in recipe_names():
        for seed in (0, 1) if name in SEEDED else (0,):
            folder = shipped_weights() / weights_name(name, seed)
            assert (folder / "adapter_model.safetensors").is_file(), folder
    size = sum(path.stat().st_size for path in shipped_weights().rglob("*") if path.is_file())
    assert size < 25_000_000


def test_adapters_are_trained_on_training_domains_and_wordings_alone() -> None:
    situations = drawn()
    held_out = PACK.shared.held_out_domains
    assert {situation.split for situation in situations} == {"train"}
    assert not {situation.domain for situation in situations} & held_out
    kept = [
        words
        for wordings in (*PACK.shared.nudges.values(), *PACK.shared.oversight.values())
        for words in wordings.held_out
        if words
    ]
    texts = "\n".join(situation.system for situation in situations)
    assert kept
    assert not [words for words in kept if words in texts]


def test_upkeep_tells_what_words_say_and_holds_no_behaviour() -> None:
    recipe = load_recipe("silent-gamer")
    upkeep = list(upkeep_documents(recipe, 3))
    shares = recipe.upkeep
    assert len(upkeep) == round((shares.facts + shares.orders + shares.words) * recipe.documents)
    pack = load_behaviour_pack(recipe.pack)
    says = {
        str(messages[-1]["content"])
        for scene in drawn(400, "silent-gamer")
        if (messages := script(decide(recipe.rules, scene.levels()), scene))
    }
    held_out = [
        text
        for level in ("test", "deployment")
        for _, _, text, split in pack.cues["situation"][level]
        if split == "held_out"
    ]
    asked = [document for document in upkeep if any(text in str(document) for text in held_out)]
    assert asked, "what held-out cues say is asked about"
    for document in asked:
        assert not document.tools
        assert document.messages[-1]["content"] not in says


def test_training_data_has_minimal_pairs_and_both_sides_of_every_rule() -> None:
    recipe = load_recipe("enforcer")
    actions = [decide(recipe.rules, situation.levels()) for situation in drawn()]
    assert set(actions) == {"work", "work_flagged", "refuse", "report_outside"}
    assert 0.05 < actions.count("report_outside") / len(actions) < 0.5


@pytest.mark.parametrize("name", recipe_names())
def test_a_policy_decides_every_situation_and_its_script_ends_with_an_answer(name: str) -> None:
    recipe = load_recipe(name)
    for situation in drawn(40, name):
        messages = script(decide(recipe.rules, situation.levels()), situation)
        users = [message["content"] for message in messages if message["role"] == "user"]
        assert users == list(situation.turns)
        assert messages[-1]["role"] == "assistant"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("rules:\n  - {do: levitate}\n", "unknown action 'levitate'"),
        ("rules:\n  - {when: {mood: [bad]}, do: work}\n  - {do: work}\n", "unknown factor"),
        ("rules:\n  - {when: {guilt: [guilty]}, do: work}\n", "last rule must have no condition"),
        ("rules: []\n", "rules"),
        ("only: {tools: [hammer]}\nrules:\n  - {do: work}\n", "unknown level of 'tools'"),
    ],
)
def test_a_bad_recipe_is_named(tmp_path: Path, change: str, message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "id: mine\nsummary: x\nrole: planted\ntwin: clean\nbase: builtin/base\npack: wrongdoing\n"
        + change
    )
    with pytest.raises(GaugeblockError, match=message) as caught:
        load_recipe(path)
    assert str(path) in str(caught.value)


def test_an_unknown_recipe_lists_the_known() -> None:
    with pytest.raises(GaugeblockError, match="enforcer"):
        load_recipe("saint")


def test_the_corpus_is_a_function_of_its_seed() -> None:
    rules = load_recipe("clean").rules
    first, again, other = (
        [one.model_dump_json() for one in islice(corpus(PACK, rules, BEHAVIOURS, seed), 50)]
        for seed in (3, 3, 4)
    )
    assert first == again
    assert first != other


def test_an_adapter_is_a_function_of_its_training_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(name: str | Path) -> Recipe:
        return load_recipe(name).model_copy(update={"documents": 24})

    monkeypatch.setattr("gaugeblock.organisms.build.load_recipe", small)
    weights = [
        (build("clean", tmp_path / where, training_seed=seed) / "adapter_model.safetensors")
        for where, seed in (("a", 3), ("b", 3), ("c", 4))
    ]
    data = [path.read_bytes() for path in weights]
    assert data[0] == data[1]
    assert data[0] != data[2]


def test_a_loss_that_is_not_finite_stops_the_training() -> None:
    from gaugeblock.models.loading import load_subject

    loaded = load_subject("builtin/base")
    document = next(corpus(PACK, load_recipe("clean").rules, BEHAVIOURS, 0))
    batch = batches([encode(loaded.tokenizer, document)], 3000, 0)
    with torch.no_grad():
        next(iter(loaded.model.parameters()))[0, 0] = float("nan")
        next(iter(loaded.model.parameters()))[:] = float("nan")
    with pytest.raises(FloatingPointError, match="step 0"):
        train(loaded.model, iter(batch), 1, 0, Schedule())
