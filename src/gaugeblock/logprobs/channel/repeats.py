"""Repeats of one prompt: the same answer, a few modes, or continuous noise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from gaugeblock.frozen import Record
from gaugeblock.logprobs.channel.readings import Reading, by_prompt

Kind = Literal["not measured", "identical", "modes", "continuous"]


class Repeats(Record):
    """How answers to one prompt vary.

    Attributes:
        kind: ``identical`` if every repeat shows the same numbers; ``modes`` if answers vary but
            come back exactly, or vary on a grid; ``continuous`` if they vary off every grid and
            never come back.
        prompts: how many prompts were asked more than once.
        rows: how many rows those have.
        most_modes: most distinct answers to one prompt.
        frequencies: how often each distinct answer to that prompt came, most frequent first.
        unseen: Good and Turing's estimate of the share of answers in modes not yet seen
            (singletons over rows); None without repeats.
    """

    kind: Kind
    prompts: int
    rows: int
    most_modes: int
    frequencies: tuple[int, ...]
    unseen: float | None


def modes_of(group: Sequence[Reading]) -> list[int]:
    """Return how often each distinct answer occurs, in order of first appearance."""
    heads: list[Reading] = []
    counts: list[int] = []
    for row in group:
        for index, head in enumerate(heads):
            if row.equals(head):
                counts[index] += 1
                break
        else:
            heads.append(row)
            counts.append(1)
    return counts


def repeats(rows: Sequence[Reading], on_grid: bool) -> Repeats:
    """Describe how repeats vary.

    Args:
        rows: usable rows of one temperature.
        on_grid: whether the numbers lie on a grid, so that a finite set of answers is all there
            can be.
    """
    groups = [group for group in by_prompt(rows).values() if len(group) > 1]
    if not groups:
        return Repeats(
            kind="not measured", prompts=0, rows=0, most_modes=0, frequencies=(), unseen=None
        )
    counts = [modes_of(group) for group in groups]
    widest = max(counts, key=len)
    total = sum(map(sum, counts))
    singles = sum(n == 1 for group in counts for n in group)
    recurring = any(n > 1 for group in counts for n in group)
    kind: Kind = "continuous"
    if all(len(group) == 1 for group in counts):
        kind = "identical"
    elif recurring or on_grid:
        kind = "modes"
    return Repeats(
        kind=kind,
        prompts=len(groups),
        rows=total,
        most_modes=len(widest),
        frequencies=tuple(sorted(widest, reverse=True)),
        unseen=round(singles / total, 6),
    )
