"""Has the channel changed since last time? An exact permutation test on whole answers.

Rows are exchangeable within a prompt if nothing changed, whether the server is deterministic,
has a few modes or adds noise; so relabelling them gives the exact null distribution, ties
included. The statistic is the energy distance (Székely and Rizzo 2013) between the two sets of
answers. Two answers are as far apart as their numbers, in units of the usual distance, and one more
unless they agree exactly: a server with a few modes that has changed comes back to none of its old
ones, however close the new ones lie. A token missing from one list counts only as far as it must
have moved: below the last one listed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.logprobs.channel.number_format import print_resolution
from gaugeblock.logprobs.channel.readings import Reading, read_row
from gaugeblock.logprobs.floats import Array
from gaugeblock.logprobs.rows import Row
from gaugeblock.seeds import derive_seed

PERMUTATIONS = 9999
_ENUMERATE = 20_000
ALARM = 0.01


class Change(Record):
    """The comparison of two sets of rows.

    Attributes:
        p: permutation p-value; exact where all relabellings were tried, else with one added to
            both counts.
        alarm: whether p is at most the level asked for.
        level: that level.
        statistic: energy distance summed over prompts, each in units of its usual distance.
        before: rows of the earlier set that were compared.
        after: rows of the later set.
        prompts: how many prompts both sets share.
        enumerated: whether p is from all relabellings.
        least_p: the smallest p these rows could have given.
    """

    p: float
    alarm: bool
    level: float
    statistic: float
    before: int
    after: int
    prompts: int
    enumerated: bool
    least_p: float


def distances(rows: Sequence[Reading]) -> Array:
    """Return the mean absolute difference of logprobs between rows of one prompt, shape (n, n).

    A token listed in one row only counts with how far it lies above the other row's last one.
    Rows that agree up to print and float32 are at distance zero exactly, so that ties stay ties.
    """
    count = min(row.logprobs.size for row in rows)
    tokens = sorted({key for row in rows for key in row.keys[:count]})
    place = {key: index for index, key in enumerate(tokens)}
    table = np.full((len(rows), len(tokens)), -np.inf)
    for i, row in enumerate(rows):
        table[i, [place[key] for key in row.keys[:count]]] = row.logprobs[:count]
    last = np.array([row.logprobs[count - 1] for row in rows])
    error = 2 * max(float(row.error.max()) for row in rows)
    listed = np.isfinite(table)
    # An unlisted token is somewhere at or below the last listed one.
    held = np.where(listed, table, last[:, None])
    apart = held[:, None, :] - held[None, :, :]
    first_only = listed[:, None, :] & ~listed[None, :, :]
    second_only = ~listed[:, None, :] & listed[None, :, :]
    apart = np.where(first_only, np.maximum(apart, 0), apart)
    apart = np.where(second_only, np.minimum(apart, 0), apart)
    size = np.abs(apart)
    size[size <= error] = 0.0
    either = listed[:, None, :] | listed[None, :, :]
    mean: Array = (size * either).sum(axis=2) / either.sum(axis=2)
    return mean


def _scaled(apart: Array) -> Array:
    """Return distances in units of their mean, with one added between answers that differ."""
    usual = apart.sum() / max(apart.size - len(apart), 1)
    if usual == 0:
        return apart
    scaled: Array = apart / usual + (apart > 0)
    return scaled


def _energy(apart: Array, labels: Array) -> Array:
    """Return the energy distance of each labelling (one row of zeros and ones), times n."""
    first = labels.sum(axis=1)
    second = labels.shape[1] - first
    within = (labels @ apart * labels).sum(axis=1)
    across = labels @ apart.sum(axis=1) - within
    rest = apart.sum() - within - 2 * across
    mean = 2 * across / (first * second) - within / first**2 - rest / second**2
    energy: Array = mean * first * second / (first + second)
    return energy


def _labellings(total: int, first: int, draws: int | None, rng: np.random.Generator) -> Array:
    if draws is None:
        labels = np.zeros((comb(total, first), total))
        for row, chosen in enumerate(combinations(range(total), first)):
            labels[row, list(chosen)] = 1.0
        return labels
    order = np.argsort(rng.random((draws, total)), axis=1)
    return (order < first).astype(float)


def _group(rows: Sequence[Row]) -> dict[tuple[str, float | None], list[Reading]]:
    resolution = print_resolution(rows)
    groups: dict[tuple[str, float | None], list[Reading]] = defaultdict(list)
    for row in rows:
        reading = read_row(row, resolution)
        if reading is not None:
            groups[row.prompt, row.temperature].append(reading)
    return groups


def compare(
    before: Sequence[Row],
    after: Sequence[Row],
    *,
    level: float = ALARM,
    permutations: int = PERMUTATIONS,
) -> Change:
    """Test whether two sets of rows come from the same channel.

    Args:
        before: earlier rows.
        after: later rows; only prompts (at the same temperature) in both sets are compared.
        level: p at or below which to raise the alarm.
        permutations: relabellings to draw where there are too many to try all.

    Raises:
        GaugeblockError: if the sets share no prompt, or no prompt has more than one row on a
            side, when relabelling could never show anything.
    """
    old, new = _group(before), _group(after)
    shared = sorted(old.keys() & new.keys(), key=str)
    if not shared:
        raise GaugeblockError(
            "the two sets of rows share no prompt at the same temperature",
            remedy="Ask the prompts of the earlier probe again",
        )
    sizes = [(len(old[key]), len(new[key])) for key in shared]
    if all(a + b < 3 for a, b in sizes):
        raise GaugeblockError(
            "no prompt was asked more than once, so chance cannot be told from change",
            remedy="Repeat one prompt at least 12 times on each side",
        )
    total = 1
    for a, b in sizes:
        total *= comb(a + b, a)
    enumerated = len(shared) == 1 and total <= _ENUMERATE
    rng = np.random.default_rng(derive_seed("change", *map(str, sizes)))
    observed = 0.0
    null = np.zeros(total if enumerated else permutations)
    for key, (a, b) in zip(shared, sizes, strict=True):
        apart = _scaled(distances([*old[key], *new[key]]))
        real = np.zeros((1, a + b))
        real[0, :a] = 1.0
        observed += float(_energy(apart, real)[0])
        null += _energy(apart, _labellings(a + b, a, None if enumerated else permutations, rng))
    reached = int(np.sum(null >= observed - 1e-9 * max(1.0, abs(observed))))
    p = reached / total if enumerated else (1 + reached) / (1 + permutations)
    return Change(
        p=p,
        alarm=p <= level,
        level=level,
        statistic=round(observed, 9),
        before=sum(a for a, _ in sizes),
        after=sum(b for _, b in sizes),
        prompts=len(shared),
        enumerated=enumerated,
        least_p=1 / total if enumerated else max(1 / total, 1 / (1 + permutations)),
    )
