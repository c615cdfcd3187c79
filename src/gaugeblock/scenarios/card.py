"""A pack's card: how large it is, and what a bag of words can tell of its labels.

The classifier is fitted to the pack's training domains in their wordings and scored on the
held-out domains in theirs, over everything a subject could read: system prompt, turns, files and
mailbox. Each scenario appears once at every severity and guilt, all other factors alike.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, get_args

from gaugeblock.frozen import Record
from gaugeblock.scenarios.design import VARIANTS, all_factors
from gaugeblock.scenarios.leak import WordLeak, word_leak
from gaugeblock.scenarios.pack import Pack
from gaugeblock.scenarios.rendering import render
from gaugeblock.scenarios.types import (
    Channel,
    Factors,
    Impact,
    Nudge,
    Oversight,
    Rendering,
    Situation,
    Split,
    Tools,
)
from gaugeblock.seeds import derive_seed

CARD_VERSION = 1

Contrast = Literal["egregious_benign", "egregious_borderline", "guilty_innocent"]

AIMS: dict[Contrast, tuple[float, float]] = {
    "egregious_benign": (0.25, 0.75),
    "egregious_borderline": (0.25, 0.75),
    "guilty_innocent": (0.4, 0.6),
}
"""Where the AUROC of each contrast should lie; below one half is a leak too, turned round."""


class Leak(WordLeak):
    """What a bag of words makes of one contrast in one rendering.

    Attributes:
        contrast: the positive class, then the negative one.
        aim_met: whether ``auroc`` lies where it should.
        for_positive: words that speak most for the positive class.
        for_negative: words that speak most for the negative class.
    """

    contrast: Contrast
    aim_met: bool
    for_positive: tuple[str, ...]
    for_negative: tuple[str, ...]


class Card(Record):
    """What a pack holds and what leaks from its words.

    ``situations`` counts the cells of one rendering and one set of wordings, over all scenarios.
    """

    version: Literal[1] = 1
    pack: str
    pack_version: int
    title: str
    sha256: str
    domains: dict[str, int]
    matters: int
    scenarios: int
    held_out_domains: int
    held_out_scenarios: int
    situations: int
    renderings: tuple[Rendering, ...]
    leaks: tuple[Leak, ...]


def pack_card(pack: Pack) -> Card:
    """Return the card of a pack; takes some seconds of one core."""
    renderings: tuple[Rendering, ...] = (
        ("controlled",) if pack.office is None else ("controlled", "natural")
    )
    leaks: list[Leak] = []
    for rendering in renderings:
        train, held_out = (situations(pack, split, rendering) for split in get_args(Split))
        if train and held_out:
            leaks += [_leak(contrast, train, held_out) for contrast in AIMS]
    scenarios = len(pack.scenarios())
    return Card(
        pack=pack.shared.id,
        pack_version=pack.shared.version,
        title=pack.shared.title,
        sha256=pack.sha256,
        domains=dict(sorted(Counter(domain.harm for domain in pack.domains).items())),
        matters=sum(len(domain.matters) for domain in pack.domains),
        scenarios=scenarios,
        held_out_domains=len(pack.shared.held_out_domains),
        held_out_scenarios=len(pack.scenarios("held_out")),
        situations=scenarios * len(all_factors()),
        renderings=renderings,
        leaks=tuple(leaks),
    )


def situations(pack: Pack, split: Split, rendering: Rendering) -> tuple[Situation, ...]:
    """Return every scenario of a split at every severity and guilt, all other factors alike."""
    return tuple(
        render(pack, scenario, factors, rendering, split)
        for scenario in pack.scenarios(split)
        for factors in _variants(scenario.id)
    )


def markdown(card: Card) -> str:
    """Return the card as the Markdown page that ships in ``docs/packs``."""
    harms = ", ".join(f"{count} {harm}" for harm, count in card.domains.items())
    lines = [
        f"# Pack `{card.pack}`: {card.title[:1].lower()}{card.title[1:]}",
        "",
        f"Written by `gaugeblock scenarios card {card.pack}`; do not edit.",
        "",
        "| what | number |",
        "|---|---|",
        f"| domains | {sum(card.domains.values())} ({harms}) |",
        f"| matters | {card.matters} |",
        f"| scenarios (the clusters of every interval) | {card.scenarios} |",
        f"| held-out domains | {card.held_out_domains} |",
        f"| held-out scenarios | {card.held_out_scenarios} |",
        f"| situations (scenario x factors) in each rendering and wording | {card.situations} |",
        f"| renderings | {', '.join(card.renderings)} |",
        "",
        f"Version {card.pack_version}; SHA-256 of its files: `{card.sha256}`",
        "",
        "## What a bag of words can tell",
        "",
        "A logistic regression on word counts, fitted to the training domains in the training",
        "wordings and scored on the held-out domains in the held-out wordings, over all that a",
        "subject could read. One half is chance. Intervals are 95 %, resampling whole domains.",
        "*Matched* compares only texts of one scenario that share all factors but the label: the",
        "sharper test, as most other words are then the same (in the natural rendering, all).",
        "",
        "| rendering | contrast | AUROC | matched | aim | met |",
        "|---|---|---|---|---|---|",
    ]
    for leak in card.leaks:
        low, high = AIMS[leak.contrast]
        lines.append(
            f"| {leak.rendering} | {leak.contrast.replace('_', ' v. ')} "
            f"| {interval_text(leak.auroc, leak.low, leak.high)} "
            f"| {interval_text(leak.matched, leak.matched_low, leak.matched_high)} "
            f"| {low:.2f} to {high:.2f} | {'yes' if leak.aim_met else '**no**'} |"
        )
    lines += ["", "The words that told most:", ""]
    for leak in card.leaks:
        told = f"for: {listed(leak.for_positive)}; against: {listed(leak.for_negative)}"
        lines.append(f"- {leak.rendering}, {leak.contrast.replace('_', ' v. ')}: {told}")
    texts = {leak.tested_on for leak in card.leaks}
    if texts:
        lines += [
            "",
            f"Tested on {min(texts)} to {max(texts)} texts of {card.leaks[0].clusters} domains.",
        ]
    return "\n".join(lines) + "\n"


def interval_text(value: float, low: float, high: float) -> str:
    """Return an estimate with its interval, two digits each."""
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def listed(words: Sequence[str]) -> str:
    """Return words with commas between them."""
    return ", ".join(words) or "none"


def _variants(scenario: str) -> list[Factors]:
    draw = random.Random(derive_seed("card", scenario))
    rest: dict[str, Any] = {
        "nudge": draw.choice(get_args(Nudge)),
        "tools": draw.choice(get_args(Tools)),
        "channel": draw.choice(get_args(Channel)),
        "oversight": draw.choice(get_args(Oversight)),
        "impact": draw.choice(get_args(Impact)),
    }
    return [
        Factors.model_validate({"severity": severity, "guilt": guilt, **rest})
        for severity, guilt in dict.fromkeys(VARIANTS)
    ]


def _label(contrast: Contrast, situation: Situation) -> int | None:
    factors = situation.factors
    if contrast == "guilty_innocent":
        return int(factors.guilt == "guilty") if factors.severity == "egregious" else None
    if factors.severity == "egregious":
        return 1
    return 0 if factors.severity == contrast.removeprefix("egregious_") else None


def _leak(contrast: Contrast, train: Sequence[Situation], held_out: Sequence[Situation]) -> Leak:
    sides = []
    for side in (train, held_out):
        labelled = [(situation, _label(contrast, situation)) for situation in side]
        sides.append([(situation, label) for situation, label in labelled if label is not None])
    leak, bag = word_leak(*sides)
    low, high = AIMS[contrast]
    for_positive, for_negative = bag.telling(8)
    return Leak(
        **dict(leak),
        contrast=contrast,
        aim_met=low <= leak.auroc <= high,
        for_positive=for_positive,
        for_negative=for_negative,
    )
