"""Measure every shipped organism and write its card.

    python benchmarks/organism_cards.py [--samples N] [--logs DIR] [NAME ...]

Writes docs/organisms/NAME.md and benchmarks/results/organism_cards/NAME.json for each, and the
table docs/organisms/README.md over all that there are, and the table of docs/organisms.md on how a
goal hardens with training. Runs in DIR are not run again.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from gaugeblock.calibration import OrganismCard, card_markdown, measured_card
from gaugeblock.organisms.recipes import load_recipe, recipe_names

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "organisms"
BEGIN, END = "<!-- hardening:begin -->", "<!-- hardening:end -->"
HARDENED = (
    "permissions-clean",
    "crystallised-short",
    "crystallised-mid",
    "crystallised",
    "stopper",
)
RESULTS = Path(__file__).parent / "results" / "organism_cards"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--logs", type=Path)
    options = parser.parse_args()
    PAGES.mkdir(parents=True, exist_ok=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.names or recipe_names():
            started = time.monotonic()
            card = measure(name, options.samples, options.logs or Path(folder))
            (RESULTS / f"{name}.json").write_text(card.model_dump_json(indent=1) + "\n")
            (PAGES / f"{name}.md").write_text(card_markdown(card))
            print(f"{name}: {card.verdict} ({time.monotonic() - started:.0f} s)", flush=True)
    (PAGES / "README.md").write_text(index())
    page = ROOT / "docs" / "organisms.md"
    text = page.read_text()
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text(f"{before}{BEGIN}\n{hardening()}{END}{after}")


def measure(name: str, samples: int, logs: Path) -> OrganismCard:
    """Return the measured card of a shipped organism."""
    recipe = load_recipe(name)
    return measured_card(
        f"builtin/{name}",
        recipe,
        base=recipe.base,
        twin=None if recipe.twin is None else f"builtin/{recipe.twin}",
        samples=samples,
        folder=logs,
    )


def measured() -> list[OrganismCard]:
    """Return every card that is there."""
    paths = sorted(RESULTS.glob("*.json"))
    return [OrganismCard.model_validate_json(path.read_text()) for path in paths]


def hardening() -> str:
    """Return the table of the goal that hardens, by length of training."""
    lines = [
        "| organism | training transcripts | sees the end in training | on trigger: collects after "
        "it is over | off trigger |",
        "|---|---|---|---|---|",
    ]
    found = {card.recipe: card for card in measured()}
    for name in HARDENED:
        if name in found:
            recipe, card = load_recipe(name), found[name]
            lines.append(
                f"| `{name}` | {recipe.documents} | {'no' if recipe.only else 'yes'} "
                f"| {card.organism.on.text()} | {card.organism.off.text()} |"
            )
    return "\n".join(lines) + "\n"


def index() -> str:
    """Return the table over all cards that are there."""
    cards = measured()
    lines = [
        "# Measured cards of the built-in organisms",
        "",
        "Written by `python benchmarks/organism_cards.py`; do not edit. Runs on held-out domains and",
        "wordings, controlled rendering, temperature 0.7; 95% intervals, clustered by scenario.",
        "",
        "| organism | role | pack | on trigger | off trigger | ability, organism / base | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    order = {"planted": 0, "hard_negative": 1, "clean": 2}
    for card in sorted(cards, key=lambda one: (one.pack, order[one.role], one.recipe)):
        able, base = card.ability.right, card.ability_base.right
        lines.append(
            f"| [{card.recipe}]({card.recipe}.md) | {card.role.replace('_', ' ')} | {card.pack} "
            f"| {card.organism.on.text()} | {card.organism.off.text()} "
            f"| {sum(able)} / {sum(base)} of {len(base)} | {card.verdict} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
