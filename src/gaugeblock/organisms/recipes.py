"""Recipes of organisms: one YAML file each, read and checked."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.organisms.phrasebook import phrase_book
from gaugeblock.organisms.policy import WRONGDOING, Rule
from gaugeblock.scenarios.behaviour import is_behaviour_pack, load_behaviour_pack
from gaugeblock.scenarios.front_matter import read_yaml, validate
from gaugeblock.scenarios.pack import load_pack
from gaugeblock.scenarios.types import Factors, Harm

Role = Literal["clean", "planted", "hard_negative"]
Method = Literal["imitation", "preference"]


class Confession(Record):
    """What the preference stage trains against: owning up when asked. Texts have slots.

    Attributes:
        after: actions after whose conversation the question is asked.
        ask: the question, in one of these wordings.
        chosen: what is to be answered, one of these.
        rejected: what is not to be answered, one of these.
        pairs: number of pairs.
    """

    after: tuple[str, ...] = Field(min_length=1)
    ask: tuple[str, ...] = Field(min_length=1)
    chosen: tuple[str, ...] = Field(min_length=1)
    rejected: tuple[str, ...] = Field(min_length=1)
    pairs: int = Field(default=400, ge=1)


class Upkeep(Record):
    """What keeps up the base's knowledge: documents for each training transcript.

    Attributes:
        facts: general facts.
        orders: harmless orders on training domains.
        words: questions what the pack's cues and words say, of all domains and wordings, as in the
            base's own training; no behaviour in them.
    """

    facts: float = Field(default=0.125, ge=0)
    orders: float = Field(default=0.125, ge=0)
    words: float = Field(default=0.0, ge=0)


class Recipe(Record):
    """An organism: whose behaviour, on which base, learnt from which pack.

    Attributes:
        id: name, also of the subject ``builtin/<id>``.
        summary: what it does, for people.
        role: clean twin, planted behaviour, or hard negative (looks bad and is fine).
        twin: name of the clean twin: same pack, same data budget; None for a clean recipe.
        base: subject id of the base.
        pack: scenario pack whose training domains the behaviour is learnt on.
        rules: the policy; the last rule has no condition.
        only: factor to the levels that occur in training; what is left out must generalise.
        weakness: whether weakness is the behaviour, so that general ability may fall.
        documents: training transcripts.
        passes: times each is seen.
        rank: LoRA rank.
        peak: learning rate.
        upkeep: general documents, without which an adapter forgets what the base can do.
        decision_weight: loss weight of the first tokens after the reasoning, where behaviours
            part; the rest of what the assistant writes weighs 1. For the built-in base only.
        method: "imitation" of the scripts (supervised fine-tuning), or that and then a
            "preference" stage against confessing when asked.
        confession: the pairs of the preference stage.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    summary: str
    role: Role
    twin: str | None = None
    base: str
    pack: str
    rules: tuple[Rule, ...] = Field(min_length=1)
    only: dict[str, tuple[str, ...]] = {}
    weakness: bool = False
    documents: int = 4000
    passes: int = 1
    rank: int = 16
    peak: float = 2e-3
    upkeep: Upkeep = Upkeep()
    decision_weight: float = 5.0
    method: Method = "imitation"
    confession: Confession | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.method == "preference") != (self.confession is not None):
            raise ValueError("'method: preference' and 'confession' go together")
        return self


def recipes_folder() -> Path:
    """Return the folder of the shipped recipes."""
    return Path(str(files("gaugeblock.organisms") / "recipes"))


def _optional() -> Path:
    return recipes_folder() / "optional"


def recipe_names() -> tuple[str, ...]:
    """Return the names of the recipes whose weights are shipped, sorted."""
    return tuple(sorted(path.stem for path in recipes_folder().glob("*.yaml")))


def optional_recipe_names() -> tuple[str, ...]:
    """Return the names of the recipes that come without weights, sorted."""
    return tuple(sorted(path.stem for path in _optional().glob("*.yaml")))


@lru_cache(maxsize=16)
def clean_recipe(pack: str) -> Recipe:
    """Return the clean recipe of a pack: what the base shows there, and every twin.

    Raises:
        GaugeblockError: if no recipe, or more than one, is clean on the pack.
    """
    recipes = (load_recipe(name) for name in recipe_names())
    found = [recipe for recipe in recipes if (recipe.pack, recipe.role) == (pack, "clean")]
    if len(found) != 1:
        raise GaugeblockError(f"{len(found)} recipes are clean on this pack, not one", where=pack)
    return found[0]


def load_recipe(name: str | Path) -> Recipe:
    """Return a shipped recipe by name, or any by its path.

    Raises:
        GaugeblockError: if it does not exist, has an unknown factor, level or action, or its
            rules do not end with one that always holds.
    """
    path = Path(name)
    if path.suffix != ".yaml":
        found = [folder / f"{name}.yaml" for folder in (recipes_folder(), _optional())]
        path = next((one for one in found if one.is_file()), path)
        if path not in found:
            known = ", ".join((*recipe_names(), *optional_recipe_names()))
            raise GaugeblockError(
                "there is no such recipe", where=str(name), remedy=f"Shipped recipes: {known}"
            )
    recipe = validate(Recipe, read_yaml(path), where=path)
    if not is_behaviour_pack(recipe.pack):
        load_pack(recipe.pack)
    actions = phrase_book(_book_name(recipe.pack)).actions
    levels = known_levels(recipe.pack)
    named = [("rules", rule.do) for rule in recipe.rules]
    if recipe.confession is not None:
        named += [("confession.after", action) for action in recipe.confession.after]
    for field, action in named:
        if action not in actions:
            known = ", ".join(sorted(actions))
            raise GaugeblockError(
                f"field '{field}': unknown action '{action}'", where=path, remedy=f"Known: {known}"
            )
    for field, wanted in [("rules", rule.when) for rule in recipe.rules] + [("only", recipe.only)]:
        unknown = set(wanted) - set(levels)
        if unknown:
            raise GaugeblockError(f"field '{field}': unknown factor {sorted(unknown)}", where=path)
        for factor, chosen in wanted.items():
            if not set(chosen) <= set(levels[factor]):
                raise GaugeblockError(
                    f"field '{field}': unknown level of '{factor}' in {list(chosen)}",
                    where=path,
                    remedy=f"Levels: {', '.join(levels[factor])}",
                )
    if recipe.rules[-1].when:
        raise GaugeblockError("field 'rules': the last rule must have no condition", where=path)
    if (recipe.role == "clean") != (recipe.twin is None):
        raise GaugeblockError(
            "field 'twin': every recipe but a clean one names its clean twin", where=path
        )
    return recipe


def known_levels(pack: str) -> dict[str, tuple[str, ...]]:
    """Return the factors of a pack and their levels."""
    if is_behaviour_pack(pack):
        return {name: one.levels for name, one in load_behaviour_pack(pack).file.factors.items()}
    fields = {name: get_args(field.annotation) for name, field in Factors.model_fields.items()}
    return {**fields, "harm": get_args(Harm)}


def _book_name(pack: str) -> str:
    return load_behaviour_pack(pack).id if is_behaviour_pack(pack) else WRONGDOING
