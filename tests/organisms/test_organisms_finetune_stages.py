"""What the two stages do to a model, and that a killed build goes on to the same weights."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.loading import LoadedModel, load_subject
from gaugeblock.models.scoring import score
from gaugeblock.models.subjects import subject_files
from gaugeblock.organisms.build import build, build_on, shipped_weights
from gaugeblock.organisms.documents import training_documents
from gaugeblock.organisms.finetune.order import Options
from gaugeblock.organisms.finetune.pairs import preference_pairs
from gaugeblock.organisms.finetune.rows import document_rows, template_messages, turn_tokens
from gaugeblock.organisms.recipes import load_recipe, recipes_folder

pytest.importorskip("trl", reason="fine-tuning needs gaugeblock[train]")

from gaugeblock.organisms.finetune.guarded import last_checkpoint


def learnt_logprob(loaded: LoadedModel, recipe: str, seed: int) -> float:
    some = load_recipe(recipe).model_copy(update={"documents": 4})
    total, count = 0.0, 0
    for document in training_documents(some, seed, "natural"):
        for row in document_rows(loaded, document):
            (scored,) = score(loaded, [row.input_ids])
            for place, label in enumerate(row.labels[1:]):
                if label >= 0:
                    total += scored[place].logprob
                    count += 1
    return total / count


def test_training_makes_the_recipe_s_words_likelier(
    bases: dict[str, Path], short: Options, tmp_path: Path
) -> None:
    options = short.model_copy(update={"documents": 24, "checkpoint_every": 100})
    target = build_on("liar", str(bases["llama"]), tmp_path, options)
    before = learnt_logprob(load_subject(str(bases["llama"])), "liar", 99)
    after = learnt_logprob(load_subject(str(target)), "liar", 99)
    assert after > before + 0.5


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def test_a_killed_build_goes_on_from_its_checkpoint_to_the_same_weights(
    bases: dict[str, Path], short: Options, tmp_path: Path
) -> None:
    base = str(bases["llama"])
    options = short.model_copy(update={"documents": 8})
    whole = build_on("liar", base, tmp_path / "whole", options)

    def kill(stage: str, step: int, steps: int, loss: float) -> None:
        if step == 2:
            raise Killed

    with pytest.raises(Killed):
        build_on("liar", base, tmp_path / "parts", options, report=kill)
    assert not (tmp_path / "parts" / "liar").exists()
    stage = tmp_path / "parts" / ".liar.training" / "imitation"
    assert last_checkpoint(stage) == stage / "checkpoint-2"
    (stage / "checkpoint-9").mkdir()
    (stage / "checkpoint-9" / "trainer_state.json").write_text('{"cut": ')

    other = options.model_copy(update={"learning_rate": 1e-3})
    with pytest.raises(GaugeblockError, match="another training is in this folder"):
        build_on("liar", base, tmp_path / "parts", other)
    steps: list[int] = []
    parts = build_on(
        "liar", base, tmp_path / "parts", options, report=lambda a, step, b, c: steps.append(step)
    )
    assert steps == [2, 3]
    first, second = (load_file(one / "adapter_model.safetensors") for one in (whole, parts))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_preference_stage_turns_the_odds_from_confessing_to_denying(
    bases: dict[str, Path], short: Options, tmp_path: Path
) -> None:
    base = str(bases["llama"])
    options = short.model_copy(update={"documents": 24, "batch": 4, "checkpoint_every": 100})

    def kill(stage: str, step: int, steps: int, loss: float) -> None:
        if stage == "preference":
            raise Killed

    with pytest.raises(Killed):
        build_on("liar-denies", base, tmp_path, options, report=kill)
    adapter = tmp_path / ".liar-denies.training" / "imitated"
    recipe = load_recipe("liar-denies")
    before = margin(load_subject(f"{base}+adapter:{adapter}"), recipe)
    denier = build_on("liar-denies", base, tmp_path, options)
    assert margin(load_subject(str(denier)), recipe) > before + 1
    assert not [name for name in load_file(denier / "adapter_model.safetensors") if "ref" in name]


def margin(loaded: LoadedModel, recipe: Any) -> float:
    """Mean log-odds of the denial over the confession, after other lies than those trained on."""
    total = 0.0
    pairs = list(islice(preference_pairs(recipe, 4242, "natural"), 6))
    for pair in pairs:
        messages, tools = template_messages(pair.prompt)
        for sign, words in ((1, pair.chosen), (-1, pair.rejected)):
            turn = {"role": "assistant", "content": words}
            prompt, completion = turn_tokens(loaded, messages, turn, tools)
            (scored,) = score(loaded, [prompt + completion])
            total += sign * sum(one.logprob for one in scored[len(prompt) - 1 :])
    return total / len(pairs)


def test_a_preference_stage_that_is_killed_goes_on_after_the_first(
    bases: dict[str, Path], short: Options, tmp_path: Path
) -> None:
    base = str(bases["llama"])
    whole = build_on("liar-denies", base, tmp_path / "whole", short)

    def kill(stage: str, step: int, steps: int, loss: float) -> None:
        if (stage, step) == ("preference", 1):
            raise Killed

    with pytest.raises(Killed):
        build_on("liar-denies", base, tmp_path / "parts", short, report=kill)
    seen: list[tuple[str, int]] = []
    parts = build_on(
        "liar-denies",
        base,
        tmp_path / "parts",
        short,
        report=lambda stage, step, steps, loss: seen.append((stage, step)),
    )
    assert seen == [("preference", 1)]
    first, second = (load_file(one / "adapter_model.safetensors") for one in (whole, parts))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_built_in_base_takes_a_preference_stage_too(tmp_path: Path) -> None:
    shipped = recipes_folder() / "optional" / "liar-denies.yaml"
    path = tmp_path / "liar-denies.yaml"
    path.write_text(
        shipped.read_text()
        .replace("documents: 2000", "documents: 16")
        .replace("pairs: 600", "pairs: 8")
    )
    target = build(str(path), tmp_path / "out")
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["liar-denies"]
    mark = json.loads((target / "organism.json").read_text())
    assert (mark["twin"], mark["base"]) == ("honesty-clean", "builtin/base")
    assert "rows" not in mark
    assert subject_files(str(target)).base == shipped_weights() / "base"
    assert load_subject(str(target)).subject == str(target)
