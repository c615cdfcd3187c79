"""Write true and false statements of relations, every word balanced between the two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gaugeblock.certify.concepts import HOME_CELL
from gaugeblock.detectors.statements import Statement

BLOCK = 2
"""Entities whose attributes are swapped among themselves; they form one group."""

_SMALL = ("The", "A", "An", "One", "My", "They", "Everybody", "We", "After", "Nobody", "There")

Written = tuple[list[Statement], dict[str, tuple[str, ...]]]


def blocks(pairs: Mapping[str, str], rng: np.random.Generator) -> list[list[tuple[str, str, str]]]:
    """Return blocks of (subject, its object, another object of the block).

    Within a block every object stands once with its own subject and once with another. Entities
    that cannot be put with two of other objects are left out.
    """
    left = [(a, b) for a, b in pairs.items()]
    left = [left[i] for i in rng.permutation(len(left))]
    found = []
    while left:
        taken = [left.pop()]
        for entity in list(left):
            if len(taken) < BLOCK and entity[1] not in {b for _, b in taken}:
                taken.append(entity)
                left.remove(entity)
        if len(taken) == BLOCK:
            found.append([(a, b, taken[(i + 1) % BLOCK][1]) for i, (a, b) in enumerate(taken)])
    return found


def write_relations(data: Mapping[str, Any], seed: int) -> Written:
    """Return all statements of a relations file, and paraphrases by text.

    Args:
        data: the YAML file.
        seed: of the blocks and of which statements are conjoined.
    """
    rng = np.random.default_rng(seed)
    out: list[Statement] = []
    same: dict[str, tuple[str, ...]] = {}
    for topic, relation in data["relations"].items():
        for difficulty in ("common", "rare"):
            for number, block in enumerate(blocks(relation[difficulty], rng)):
                group = f"{topic} {difficulty} {number}"
                cell = {**HOME_CELL, "topic": topic, "difficulty": difficulty}
                written = _block(relation, block, group, cell, same)
                out += written
                out += _joined(data, written, group, cell, rng)
                out += _styled(data, written, cell)
                if difficulty == "common" and "german" in relation:
                    out += _german(relation["german"], block, group, cell)
    return out, same


def sentence(text: str) -> str:
    """Return a text with its first letter large."""
    return text[0].upper() + text[1:]


def clause(text: str) -> str:
    """Return a sentence as a clause: no final stop, and "The", "A", "One" begin small."""
    bare = text.rstrip(".")
    return bare[0].lower() + bare[1:] if bare.split()[0] in _SMALL else bare


def _block(
    relation: Mapping[str, Any],
    block: list[tuple[str, str, str]],
    group: str,
    cell: Mapping[str, str],
    same: dict[str, tuple[str, ...]],
) -> list[Statement]:
    out = []
    for a, right, wrong in block:
        for b, true in ((right, 1), (wrong, 0)):
            for polarity in ("affirmative", "negated"):
                text = sentence(relation[polarity].format(a=a, b=b))
                out.append(
                    Statement(
                        text=text,
                        label=true if polarity == "affirmative" else 1 - true,
                        group=group,
                        cell={**cell, "polarity": polarity},
                        paraphrase_of=f"{group} {a} {b} {polarity}",
                    )
                )
            plain = sentence(relation["affirmative"].format(a=a, b=b))
            same[plain] = tuple(sentence(p.format(a=a, b=b)) for p in relation["paraphrases"])
    return out


def _joined(
    data: Mapping[str, Any],
    written: list[Statement],
    group: str,
    cell: Mapping[str, str],
    rng: np.random.Generator,
) -> list[Statement]:
    plain = [s for s in written if s.cell["polarity"] == "affirmative"]
    true = [s for s in plain if s.label]
    false = [s for s in plain if not s.label]
    out = []
    for form, label in (
        ("conjunction", 1),
        ("conjunction", 0),
        ("disjunction", 1),
        ("disjunction", 0),
    ):
        # One half false where that decides a conjunction, one half true where a disjunction.
        for _ in range(2):
            if form == "conjunction":
                pools = (true, true) if label else (true, false)
            else:
                pools = (true, false) if label else (false, false)
            one = pools[0][rng.integers(len(pools[0]))]
            two = pools[1][rng.integers(len(pools[1]))]
            if one.text.split()[-1] == two.text.split()[-1] and one is two:
                two = next(s for s in pools[1] if s is not one)
            halves = [one, two] if rng.random() < 0.5 else [two, one]
            text = data[form].format(s=clause(halves[0].text), t=clause(halves[1].text))
            out.append(Statement(text=text, label=label, group=group, cell={**cell, "form": form}))
    return out


def _styled(
    data: Mapping[str, Any], written: list[Statement], cell: Mapping[str, str]
) -> list[Statement]:
    out = []
    for s in written:
        if s.cell["polarity"] != "affirmative":
            continue
        low = clause(s.text) + "."
        for style, frame in data["styles"].items():
            out.append(
                Statement(
                    text=frame.format(s=low, S=s.text),
                    label=s.label,
                    group=s.group,
                    cell={**cell, "style": style},
                )
            )
        if not s.label and cell["difficulty"] == "common":
            for kind, frames in data["controls"].items():
                out += [
                    Statement(
                        text=frame.format(s=low),
                        label=0,
                        group=s.group,
                        cell=dict(cell),
                        control=kind,
                    )
                    for frame in frames
                ]
    return out


def _german(
    german: Mapping[str, Any],
    block: list[tuple[str, str, str]],
    group: str,
    cell: Mapping[str, str],
) -> list[Statement]:
    english = {a: g for g, a in german["subjects"].items()}
    known = [english[a] for a, _, _ in block if a in english]
    objects = [german["pairs"][g] for g in known]
    if len(set(objects)) < 2:
        return []
    out = []
    for i, subject in enumerate(known):
        wrong = next(
            objects[(i + step) % len(objects)]
            for step in range(1, len(objects) + 1)
            if objects[(i + step) % len(objects)] != objects[i]
        )
        for b, label in ((objects[i], 1), (wrong, 0)):
            out.append(
                Statement(
                    text=german["statement"].format(a=subject, b=b),
                    label=label,
                    group=group,
                    cell={**cell, "language": "german"},
                )
            )
    return out
