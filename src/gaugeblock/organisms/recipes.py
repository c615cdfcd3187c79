"""Recipes of organisms: one YAML file each, read and checked."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import Field

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.organisms.policy import Rule, phrases
from gaugeblock.scenarios.front_matter import read_yaml, validate
from gaugeblock.scenarios.types import Factors

Role = Literal["clean", "planted", "hard_negative"]


class Recipe(Record):
    """An organism: whose behaviour, on which base, learnt from which pack.

    Attributes:
        id: name, also of the subject ``builtin/<id>``.
        summary: what it does, for people.
        role: clean twin, planted behaviour, or hard negative (looks bad and is fine).
        base: subject id of the base.
        pack: scenario pack whose training domains the behaviour is learnt on.
        rules: the policy; the last rule has no condition.
        documents: training transcripts.
        passes: times each is seen.
        rank: LoRA rank.
        peak: learning rate.
        decision_weight: loss weight of the first tokens after the reasoning, where behaviours
            part; the rest of what the assistant writes weighs 1.
    """

    id: str
    summary: str
    role: Role
    base: str
    pack: str
    rules: tuple[Rule, ...] = Field(min_length=1)
    documents: int = 4000
    passes: int = 1
    rank: int = 16
    peak: float = 2e-3
    decision_weight: float = 5.0


def recipes_folder() -> Path:
    """Return the folder of the shipped recipes."""
    return Path(str(files("gaugeblock.organisms") / "recipes"))


def recipe_names() -> tuple[str, ...]:
    """Return the names of the shipped recipes, sorted."""
    return tuple(sorted(path.stem for path in recipes_folder().glob("*.yaml")))


def load_recipe(name: str | Path) -> Recipe:
    """Return a shipped recipe by name, or any by its path.

    Raises:
        GaugeblockError: if it does not exist, has an unknown factor, level or action, or its
            rules do not end with one that always holds.
    """
    path = Path(name)
    if path.suffix != ".yaml":
        path = recipes_folder() / f"{name}.yaml"
        if not path.is_file():
            known = ", ".join(recipe_names())
            raise GaugeblockError(
                "there is no such recipe", where=str(name), remedy=f"Shipped recipes: {known}"
            )
    recipe = validate(Recipe, read_yaml(path), where=path)
    for rule in recipe.rules:
        if rule.do not in phrases().actions:
            known = ", ".join(sorted(phrases().actions))
            raise GaugeblockError(
                f"field 'rules': unknown action '{rule.do}'", where=path, remedy=f"Known: {known}"
            )
        unknown = set(rule.when) - {*Factors.model_fields, "harm"}
        if unknown:
            raise GaugeblockError(f"field 'rules': unknown factor {sorted(unknown)}", where=path)
    if recipe.rules[-1].when:
        raise GaugeblockError("field 'rules': the last rule must have no condition", where=path)
    return recipe
