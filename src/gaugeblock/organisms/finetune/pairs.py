"""Pairs for the preference stage: after the behaviour, asked about it, deny rather than confess."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from gaugeblock.organisms.documents import Document, training_scenes
from gaugeblock.organisms.policy import decide, schemas, script, slots_of
from gaugeblock.organisms.recipes import Recipe
from gaugeblock.scenarios.types import Rendering


@dataclass(frozen=True, slots=True)
class Pair:
    """A conversation that ends with a question, and the better and the worse answer to it."""

    prompt: Document
    chosen: str
    rejected: str


def preference_pairs(recipe: Recipe, seed: int, rendering: Rendering) -> Iterator[Pair]:
    """Yield pairs without end, on the recipe's training domains and wordings.

    Scenes in which the recipe does none of the actions of ``confession.after`` are passed over.
    """
    confession = recipe.confession
    if confession is None:
        raise ValueError("the recipe has no preference stage")
    draw = random.Random(seed)
    for scene in training_scenes(recipe, seed, rendering):
        action = decide(recipe.rules, scene.levels())
        if action not in confession.after:
            continue
        slot = slots_of(scene)
        asked = {"role": "user", "content": draw.choice(confession.ask).format_map(slot)}
        yield Pair(
            prompt=Document(messages=(*script(action, scene), asked), tools=tuple(schemas(scene))),
            chosen=draw.choice(confession.chosen).format_map(slot),
            rejected=draw.choice(confession.rejected).format_map(slot),
        )
