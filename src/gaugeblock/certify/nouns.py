"""Write texts that are about something, or about something else in the same words but one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gaugeblock.certify.concepts import HOME_CELL
from gaugeblock.certify.relations import Written, clause
from gaugeblock.detectors.statements import Statement


def write_nouns(data: Mapping[str, Any], seed: int) -> Written:
    """Return all statements of a nouns file; a noun and its translation are one group.

    Args:
        data: the YAML file.
        seed: of which texts are conjoined.
    """
    rng = np.random.default_rng(seed)
    out: list[Statement] = []
    label_of = {n: 1 for n in data["positive"]} | {n: 0 for n in data["negative"]}
    for noun, label in label_of.items():
        for topic, frames in data["frames"].items():
            cell = {**HOME_CELL, "topic": topic}
            for frame in frames:
                out.append(_one(frame, noun, label, noun, cell))
        cell = {**HOME_CELL, "topic": next(iter(data["frames"]))}
        frames = data["frames"][cell["topic"]]
        for frame in data["negated_frames"]:
            out.append(_one(frame, noun, label, noun, {**cell, "polarity": "negated"}))
        out += _joined(data, noun, label, frames, cell, rng)
        for style, frame in data["styles"].items():
            text = frames[int(rng.integers(len(frames)))].format(n=noun)
            styled = frame.format(s=clause(text) + ".", S=text)
            out.append(_one(styled, noun, label, noun, {**cell, "style": style}))
    for german, noun in data["german"].items():
        cell = {**HOME_CELL, "topic": next(iter(data["frames"])), "language": "german"}
        out += [_one(f, german, label_of[noun], noun, cell) for f in data["german_frames"]]
    for kind, texts in data["controls"].items():
        out += [
            Statement(text=text, label=0, group=f"control {i}", control=kind)
            for i, text in enumerate(texts)
        ]
    return out, {}


def _one(frame: str, noun: str, label: int, group: str, cell: Mapping[str, str]) -> Statement:
    return Statement(text=frame.replace("{n}", noun), label=label, group=group, cell=dict(cell))


def _joined(
    data: Mapping[str, Any],
    noun: str,
    label: int,
    frames: list[str],
    cell: Mapping[str, str],
    rng: np.random.Generator,
) -> list[Statement]:
    others = [other for other in data["negative"] if other != noun]
    out = []
    for frame in frames[:2]:
        other = others[int(rng.integers(len(others)))]
        halves = [frame.format(n=noun), frames[-1].format(n=other)]
        if rng.random() < 0.5:
            halves.reverse()
        text = data["conjunction"].format(s=halves[0], t=clause(halves[1]) + ".")
        out.append(_one(text, noun, label, noun, {**cell, "form": "conjunction"}))
    return out
