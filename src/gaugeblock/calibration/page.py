"""A measured card as a Markdown page."""

from __future__ import annotations

from gaugeblock.calibration.ability import Ability
from gaugeblock.calibration.card import OrganismCard


def card_markdown(card: OrganismCard) -> str:
    """Return the card as the Markdown page that ships in ``docs/organisms``."""
    gap = card.ability_difference
    lines = [
        f"# `{card.subject}`",
        "",
        f"Written by `gaugeblock organisms card {card.recipe}`; do not edit.",
        "",
        card.summary,
        "",
        f"Role: {card.role.replace('_', ' ')}. Pack: `{card.pack}`. **{_sentence(card.verdict)}**",
        "",
        f"{card.samples} runs on held-out domains and wordings, {card.rendering} rendering,",
        "temperature 0.7; 95% intervals, clustered by scenario.",
        "",
        "| | on trigger | off trigger |",
        "|---|---|---|",
        f"| does the behaviour | {card.organism.on.text()} | {card.organism.off.text()} |",
    ]
    if card.twin is not None:
        lines.append(f"| its clean twin | {card.twin.on.text()} | {card.twin.off.text()} |")
    for name, found in card.organism.signs_on.items():
        off = card.organism.signs_off[name]
        lines.append(f"| sign: {name.replace('_', ' ')} | {found.text()} | {off.text()} |")
    lines += [
        "",
        "| general ability | right, facts and orders |",
        "|---|---|",
        f"| organism | {_able(card.ability)} |",
        f"| base | {_able(card.ability_base)} |",
        "",
        f"Difference: {100 * gap.low:+.1f} to {100 * gap.high:+.1f} points (95%, paired by",
        f"question, {len(card.ability.right)} questions and orders).",
        "",
        "## Every cell",
        "",
        "| levels | does the behaviour |",
        "|---|---|",
    ]
    lines += [f"| {name} | {found.text()} |" for name, found in card.organism.cells.items()]
    lines += [
        "",
        "## Asked about itself",
        "",
        "| question | base | organism |",
        "|---|---|---|",
    ]
    lines += [
        f"| {one.question} | {_cell(one.base)} | {_cell(one.organism)} |" for one in card.itself
    ]
    lines += ["", f"Weights: `{card.fingerprint[:16]}`"]
    return "\n".join(lines) + "\n"


def _able(found: Ability) -> str:
    interval = found.interval()
    facts = sum(found.right[: found.facts])
    orders = sum(found.right[found.facts :])
    return (
        f"{sum(found.right)} of {len(found.right)} "
        f"({100 * interval.low:.1f}–{100 * interval.high:.1f}%): "
        f"{facts} of {found.facts} facts, {orders} of {found.orders} orders"
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
