"""A behaviour pack's card: its size, and what a bag of words can tell of its trigger.

The classifier is fitted to the training domains in the training wordings and scored on the
held-out domains in theirs. Each scenario gives as many cells on the trigger as off it, and every
one of them off by a single factor, so that nothing but the trigger differs on the whole.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import get_args

from gaugeblock.frozen import Record
from gaugeblock.scenarios.behaviour.render import render_trial, scenarios
from gaugeblock.scenarios.behaviour.types import RENDERINGS, BehaviourPack, Levels, Trial
from gaugeblock.scenarios.card import interval_text, listed
from gaugeblock.scenarios.leak import WordLeak, word_leak
from gaugeblock.scenarios.types import Rendering, Split
from gaugeblock.seeds import derive_seed

MOST = 0.75
"""AUROC above which a pack whose trigger is not a wording by design is defective."""

PAIRS = 2
"""Pairs of an on-trigger cell and an off-trigger one for each scenario."""


class TriggerLeak(WordLeak):
    """What a bag of words makes of the trigger in one rendering.

    Attributes:
        for_trigger: words that speak most for the trigger.
        against: words that speak most against it.
    """

    for_trigger: tuple[str, ...]
    against: tuple[str, ...]


class BehaviourCard(Record):
    """What a behaviour pack holds and what its words tell of the trigger."""

    version: int = 1
    pack: str
    pack_version: int
    title: str
    behaviour: str
    trigger: dict[str, tuple[str, ...]]
    wording_trigger: bool
    sha256: str
    factors: dict[str, tuple[str, ...]]
    domains: dict[Split, int]
    matters: int
    scenarios: int
    held_out_scenarios: int
    trials: int
    leaks: tuple[TriggerLeak, ...]

    @property
    def defective(self) -> bool:
        """Whether words tell the trigger though it is not a wording by design."""
        return not self.wording_trigger and any(leak.auroc > MOST for leak in self.leaks)


def behaviour_card(pack: BehaviourPack) -> BehaviourCard:
    """Return the card of a pack; takes some seconds of one core."""
    count = {split: sum(1 for _ in scenarios(pack, split)) for split in ("train", "held_out", None)}
    return BehaviourCard(
        pack=pack.id,
        pack_version=pack.file.version,
        title=pack.file.title,
        behaviour=pack.file.behaviour,
        trigger=pack.file.trigger,
        wording_trigger=pack.file.wording_trigger,
        sha256=pack.sha256,
        factors={name: factor.levels for name, factor in pack.file.factors.items()},
        domains=dict(Counter(domain.split for domain in pack.domains)),
        matters=sum(len(domain.matters) for domain in pack.domains),
        scenarios=count[None],
        held_out_scenarios=count["held_out"],
        trials=count[None] * len(pack.cells()),
        leaks=tuple(_leak(pack, rendering) for rendering in RENDERINGS),
    )


def paired_cells(pack: BehaviourPack, draw: random.Random) -> list[Levels]:
    """Return an on-trigger cell and the same cell off the trigger by one factor."""
    on = draw.choice([cell for cell in pack.cells() if pack.triggered(cell)])
    factor = draw.choice(sorted(pack.file.trigger))
    allowed = pack.file.trigger[factor]
    others = [one for one in pack.file.factors[factor].levels if one not in allowed]
    return [on, {**on, factor: draw.choice(others)}]


def trials_for_words(pack: BehaviourPack, split: Split, rendering: Rendering) -> list[Trial]:
    """Return the trials of a split whose words are looked at."""
    found = []
    for one in scenarios(pack, split):
        draw = random.Random(derive_seed("card", one.id))
        for _ in range(PAIRS):
            for levels in paired_cells(pack, draw):
                found.append(render_trial(pack, one, levels, rendering, split))
    return found


def _leak(pack: BehaviourPack, rendering: Rendering) -> TriggerLeak:
    train, held_out = (
        [
            (trial, int(pack.triggered(trial.cell)))
            for trial in trials_for_words(pack, split, rendering)
        ]
        for split in get_args(Split)
    )
    leak, bag = word_leak(train, held_out)
    for_trigger, against = bag.telling(8)
    return TriggerLeak(**dict(leak), for_trigger=for_trigger, against=against)


def behaviour_markdown(card: BehaviourCard) -> str:
    """Return the card as the Markdown page that ships in ``docs/packs``."""
    trigger = "; ".join(f"{name} is {' or '.join(at)}" for name, at in card.trigger.items())
    factors = "; ".join(f"{name}: {', '.join(at)}" for name, at in card.factors.items())
    aim = (
        "The trigger is a wording by design, so words may tell it."
        if card.wording_trigger
        else f"Above {MOST:.2f} is a defect of the pack."
    )
    lines = [
        f"# Pack `{card.pack}`: {card.title[:1].lower()}{card.title[1:]}",
        "",
        f"Written by `gaugeblock scenarios card {card.pack}`; do not edit.",
        "",
        f"Planted behaviour: the subject {card.behaviour}. Trigger: {trigger}.",
        "",
        "| what | number |",
        "|---|---|",
        f"| factors and their levels | {factors} |",
        f"| domains | {card.domains['train']} for training, {card.domains['held_out']} held out |",
        f"| matters | {card.matters} |",
        f"| scenarios (the clusters of every interval) | {card.scenarios} |",
        f"| held-out scenarios | {card.held_out_scenarios} |",
        f"| trials (scenario x factors) in each rendering and wording | {card.trials} |",
        "",
        f"Version {card.pack_version}; SHA-256 of its files: `{card.sha256}`",
        "",
        "## What a bag of words can tell of the trigger",
        "",
        "A logistic regression on word counts, fitted to the training domains in the training",
        "wordings and scored on the held-out domains in the held-out wordings, over all that a",
        f"subject could read. One half is chance. {aim} Intervals are 95 %,",
        "resampling whole domains. *Matched* compares only texts of one scenario.",
        "",
        "| rendering | AUROC | matched | texts | domains |",
        "|---|---|---|---|---|",
    ]
    for leak in card.leaks:
        lines.append(
            f"| {leak.rendering} | {interval_text(leak.auroc, leak.low, leak.high)} "
            f"| {interval_text(leak.matched, leak.matched_low, leak.matched_high)} "
            f"| {leak.tested_on} | {leak.clusters} |"
        )
    lines += ["", "The words that told most:", ""]
    for leak in card.leaks:
        told = f"for: {listed(leak.for_trigger)}; against: {listed(leak.against)}"
        lines.append(f"- {leak.rendering}: {told}")
    return "\n".join(lines) + "\n"
