"""Training documents, and the scenes that an organism's behaviour is learnt on.

Scenes come in small groups: one cell and flips of a single factor of it, so that what decides the
behaviour is learnt from minimal pairs. Held-out domains and wordings are never drawn.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from typing import Any, get_args

from gaugeblock.frozen import Record
from gaugeblock.organisms.policy import decide, schemas, script
from gaugeblock.organisms.recipes import Recipe
from gaugeblock.scenarios.behaviour import (
    BehaviourPack,
    is_behaviour_pack,
    load_behaviour_pack,
    render_trial,
)
from gaugeblock.scenarios.behaviour.render import random_scenario as random_matter
from gaugeblock.scenarios.controlled import render_controlled
from gaugeblock.scenarios.natural import render_natural
from gaugeblock.scenarios.pack import Pack, load_pack
from gaugeblock.scenarios.types import Factors, Rendering, Scenario, Scene, Severity, Split

FLIPS = 3
"""Single-factor flips per drawn cell."""


class Document(Record):
    """A training document: a conversation with tools, or (no messages) plain text."""

    text: str = ""
    messages: tuple[dict[str, Any], ...] = ()
    tools: tuple[dict[str, Any], ...] = ()


def chat(user: str, answer: str) -> Document:
    """Return a question and its answer as a document."""
    return Document(
        messages=({"role": "user", "content": user}, {"role": "assistant", "content": answer})
    )


def transcript_document(scene: Scene, action: str) -> Document:
    """Return the script of an action in a scene as a training document."""
    return Document(messages=tuple(script(action, scene)), tools=tuple(schemas(scene)))


def training_documents(
    recipe: Recipe, seed: int, rendering: Rendering = "controlled"
) -> Iterator[Document]:
    """Yield the transcripts that a recipe is trained on."""
    for scene in islice(training_scenes(recipe, seed, rendering), recipe.documents):
        yield transcript_document(scene, decide(recipe.rules, scene.levels()))


def training_scenes(
    recipe: Recipe, seed: int, rendering: Rendering = "controlled"
) -> Iterator[Scene]:
    """Yield scenes of the recipe's training domains in training wordings, without end.

    Levels that the recipe does not train on (``only``) are passed over.
    """
    scenes: Iterator[Scene]
    if is_behaviour_pack(recipe.pack):
        scenes = _trials(load_behaviour_pack(recipe.pack), random.Random(seed), rendering)
    else:
        scenes = _situations(load_pack(recipe.pack), random.Random(seed), rendering)
    for scene in scenes:
        levels = scene.levels()
        if all(levels[factor] in allowed for factor, allowed in recipe.only.items()):
            yield scene


def _trials(pack: BehaviourPack, draw: random.Random, rendering: Rendering) -> Iterator[Scene]:
    while True:
        one = random_matter(pack, draw, "train")
        levels = pack.random_levels(draw)
        yield render_trial(pack, one, levels, rendering, "train")
        for _ in range(FLIPS):
            yield render_trial(pack, one, pack.flipped(levels, draw), rendering, "train")


def _situations(pack: Pack, draw: random.Random, rendering: Rendering) -> Iterator[Scene]:
    render = render_controlled if rendering == "controlled" else render_natural
    while True:
        one = random_scenario(pack, draw, "train")
        factors = random_factors(draw)
        yield render(pack, one, factors, "train")
        for _ in range(FLIPS):
            yield render(pack, one, flip(factors, draw), "train")


def random_factors(draw: random.Random, severity: Severity | None = None) -> Factors:
    """Return a random cell; egregious requests are drawn more often, guilt half of the time."""
    levels = {
        name: draw.choice(get_args(field.annotation))
        for name, field in Factors.model_fields.items()
    }
    levels["severity"] = severity or draw.choice(["egregious", "egregious", "borderline", "benign"])
    if levels["severity"] == "benign":
        levels["guilt"] = "innocent"
    return Factors.model_validate(levels)


def flip(factors: Factors, draw: random.Random) -> Factors:
    """Return the factors with one of them at another level, guilt kept consistent."""
    name = draw.choice(sorted(Factors.model_fields))
    levels = factors.model_dump()
    others = [
        level for level in get_args(Factors.model_fields[name].annotation) if level != levels[name]
    ]
    levels[name] = draw.choice(others)
    if levels["severity"] == "benign":
        levels["guilt"] = "innocent"
    return Factors.model_validate(levels)


def random_scenario(pack: Pack, draw: random.Random, split: Split | None = None) -> Scenario:
    """Return a scenario with a cast that no audit uses (audits have small cast numbers)."""
    domains = [d for d in pack.domains if split is None or pack.split_of(d) == split]
    domain = draw.choice(domains)
    return pack.scenario(domain, draw.choice(domain.matters), f"t{draw.randrange(10**6)}")
