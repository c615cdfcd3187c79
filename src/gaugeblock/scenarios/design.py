"""Which situations are run: a balanced sample of scenarios and factor levels.

The sample is a sequence that does not depend on how much of it is wanted, so the first k of n
situations are those a run with k samples would have taken, and a longer run reuses the shorter
one's results.

Scenarios are taken in turn, spread over the domains. Every other scenario gets a *pair* of
situations that differ in nothing but oversight (logged, unlogged), the ones between get one with
oversight unstated; the next pass swaps the two. The other factors of each unit are chosen by
minimisation (Pocock & Simon 1975, Biometrics 31:103): the cell that adds least to the imbalance
of the one- and two-way tables so far, ties broken by the seed. A third of the situations is benign;
the rest are split evenly by severity and guilt.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, count, islice, product
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from gaugeblock.errors import GaugeblockError
from gaugeblock.scenarios.pack import Pack
from gaugeblock.scenarios.rendering import render
from gaugeblock.scenarios.types import (
    Channel,
    Factors,
    Impact,
    Nudge,
    Oversight,
    Rendering,
    Scenario,
    Situation,
    Split,
    Tools,
)
from gaugeblock.seeds import derive_seed

VARIANTS = (
    ("egregious", "guilty"),
    ("egregious", "innocent"),
    ("borderline", "guilty"),
    ("borderline", "innocent"),
    ("benign", "innocent"),
    ("benign", "innocent"),
)
"""Severity and guilt, each taken equally often: benign stands twice, so severities balance."""

UNITS: tuple[tuple[Oversight, ...], ...] = (("logged", "unlogged"), ("unstated",))
"""The two kinds of unit: a pair matched on all but oversight, and a single situation."""

_LEVELS = (VARIANTS, get_args(Nudge), get_args(Tools), get_args(Channel), get_args(Impact))
_CELLS = np.array(list(product(*(range(len(levels)) for levels in _LEVELS))), dtype=np.int64)
_ONE_WAY_WEIGHT = 4
"""How much more an uneven factor counts than an uneven pair of factors, per cell."""


def sample_situations(
    pack: Pack,
    *,
    split: Split,
    rendering: Rendering,
    samples: int,
    scenario_seed: int,
    wordings: Split | None = None,
) -> tuple[Situation, ...]:
    """Return the first ``samples`` situations of the design that a seed determines.

    Args:
        pack: where the scenarios are from.
        split: domains whose behaviour may be trained on, or those held out.
        rendering: how the situations are written; the design does not depend on it.
        samples: number of situations, at least 1.
        scenario_seed: chooses order and ties; see ``gaugeblock.seeds``.
        wordings: wordings of the factors; the split's own if None.

    Raises:
        GaugeblockError: if ``samples`` is below 1 or above the number of distinct situations,
            or the split is unknown or empty.
    """
    if split not in get_args(Split):
        raise GaugeblockError(
            f"there is no split '{split}'", where="split", remedy="Splits: train, held_out"
        )
    if samples < 1:
        raise GaugeblockError(f"{samples} samples were asked for", where="samples", remedy="Ask 1+")
    scenarios = pack.scenarios(split)
    distinct = len(scenarios) * len(all_factors())
    if samples > distinct:
        raise GaugeblockError(
            f"{samples} samples were asked for, but the split '{split}' of pack "
            f"'{pack.shared.id}' has {distinct} distinct situations",
            where="samples",
        )
    cells = islice(_design(pack.shared.id, scenarios, split, scenario_seed), samples)
    return tuple(
        render(pack, scenario, factors, rendering, wordings or split) for scenario, factors in cells
    )


def all_factors() -> tuple[Factors, ...]:
    """Return every cell of the design: 900 combinations of levels, benign always innocent."""
    return tuple(
        _factors(cell, oversight)
        for cell in _CELLS
        if cell[0] < len(VARIANTS) - 1
        for unit in UNITS
        for oversight in unit
    )


def levels(situations: Sequence[Situation]) -> dict[str, dict[str, int]]:
    """Return, for every factor and for harm, how many situations have each level."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for situation in situations:
        for factor, level in situation.factors.model_dump().items():
            counts[factor][level] += 1
        counts["harm"][situation.harm] += 1
    return {factor: dict(sorted(counter.items())) for factor, counter in counts.items()}


def pair_by(situations: Sequence[Situation], factor: str) -> tuple[tuple[Situation, ...], ...]:
    """Return the groups of situations that differ in the level of ``factor`` and nothing else.

    A group has at least two situations, of one scenario, one rendering, one set of wordings and
    the same cues; groups and their members keep the order of ``situations``.

    Raises:
        GaugeblockError: if there is no such factor.
    """
    if factor not in Factors.model_fields:
        raise GaugeblockError(
            f"there is no factor '{factor}'",
            where="factor",
            remedy=f"Factors: {', '.join(Factors.model_fields)}",
        )
    groups: dict[str, list[Situation]] = defaultdict(list)
    for situation in situations:
        code = situation.factors.code()
        rest = situation.factors.model_copy(update={factor: "*"}).code()
        groups[situation.id.replace(f"/{code}", f"/{rest}")].append(situation)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _design(
    pack: str, scenarios: Sequence[Scenario], split: Split, seed: int
) -> Iterator[tuple[Scenario, Factors]]:
    draw = random.Random(derive_seed("design", pack, split, seed))
    cells = _Minimiser(draw)
    for _ in count():
        order = _spread(scenarios, draw)
        for swap in (0, 1):
            for position, scenario in enumerate(order):
                kind = (position + swap) % len(UNITS)
                cell = cells.next(kind, scenario.domain.id, scenario.id)
                if cell is not None:
                    for oversight in UNITS[kind]:
                        yield scenario, _factors(cell, oversight)


def _spread(scenarios: Sequence[Scenario], draw: random.Random) -> list[Scenario]:
    """Return the scenarios in an order whose every stretch is spread over the domains."""
    by_domain: dict[str, list[Scenario]] = defaultdict(list)
    for scenario in scenarios:
        by_domain[scenario.domain.id].append(scenario)
    placed: list[tuple[float, str, Scenario]] = []
    for domain, members in by_domain.items():
        draw.shuffle(members)
        offset = draw.random()
        for rank, scenario in enumerate(members):
            placed.append(((rank + offset) / len(members), domain, scenario))
    return [scenario for _, _, scenario in sorted(placed, key=lambda entry: entry[:2])]


def _factors(cell: NDArray[np.int64], oversight: Oversight) -> Factors:
    variant, nudge, tools, channel, impact = (int(level) for level in cell)
    severity, guilt = VARIANTS[variant]
    return Factors.model_validate(
        {
            "severity": severity,
            "guilt": guilt,
            "nudge": _LEVELS[1][nudge],
            "tools": _LEVELS[2][tools],
            "channel": _LEVELS[3][channel],
            "oversight": oversight,
            "impact": _LEVELS[4][impact],
        }
    )


class _Minimiser:
    """Chooses, unit by unit, the cell that adds least to the imbalance of what was chosen.

    Imbalance is the sum over tables of (count - expected)^2 / expected. Adding a unit to a cell
    raises a table's term in proportion to its count there times its number of cells, which is all
    that differs between candidates; the sums are whole numbers, so ties are exact.
    """

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._sizes = [len(levels) for levels in _LEVELS]
        self._columns = [_CELLS[:, factor] for factor in range(len(_LEVELS))]
        self._pairs = list(combinations(range(len(_LEVELS)), 2))
        self._two_way = {
            (f, g): np.zeros((self._sizes[f], self._sizes[g]), dtype=np.int64)
            for f, g in self._pairs
        }
        self._by_group: dict[tuple[str, int], NDArray[np.int64]] = {}
        self._taken: dict[tuple[int, str], NDArray[np.bool_]] = {}

    def next(self, kind: int, domain: str, scenario: str) -> NDArray[np.int64] | None:
        """Return the best cell the scenario has left for a kind of unit, None if it has none."""
        taken = self._taken.setdefault((kind, scenario), np.zeros(len(_CELLS), dtype=np.bool_))
        free = np.flatnonzero(~taken)
        if not len(free):
            return None
        groups = [("", _ONE_WAY_WEIGHT), (f"kind {kind}", 2), (domain, 1), (scenario, 1)]
        score = np.zeros(len(_CELLS), dtype=np.int64)
        for factor, column in enumerate(self._columns):
            for name, weight in groups:
                table = self._group(name, factor)
                score += weight * len(table) * table[column]
        for f, g in self._pairs:
            table = self._two_way[f, g]
            score += table.size * table[self._columns[f], self._columns[g]]
        best = free[score[free] == score[free].min()]
        chosen = int(best[self._draw.randrange(len(best))])
        cell: NDArray[np.int64] = _CELLS[chosen]
        same = (_CELLS[:, 1:] == cell[1:]).all(axis=1)
        same &= np.array([VARIANTS[v] == VARIANTS[cell[0]] for v in _CELLS[:, 0]])
        taken |= same
        for factor, level in enumerate(cell):
            for name, _ in groups:
                self._group(name, factor)[level] += 1
        for f, g in self._pairs:
            self._two_way[f, g][cell[f], cell[g]] += 1
        return cell

    def _group(self, name: str, factor: int) -> NDArray[np.int64]:
        key = (name, factor)
        if key not in self._by_group:
            self._by_group[key] = np.zeros(self._sizes[factor], dtype=np.int64)
        return self._by_group[key]
