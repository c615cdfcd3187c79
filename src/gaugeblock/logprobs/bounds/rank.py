"""Rankings, with the pairs that the channel cannot order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.logprobs.bounds.combine import weighted_sum
from gaugeblock.logprobs.bounds.value import BoundedValue


class Ordering(Record):
    """A ranking and what it leaves open.

    Attributes:
        order: items, best first; ties in the order given.
        ties: pairs whose reported values are equal.
        unordered: pairs that the channel cannot order, ties included.
        pairs: how many pairs there are.
    """

    order: tuple[str, ...]
    ties: tuple[tuple[str, str], ...]
    unordered: tuple[tuple[str, str], ...]
    pairs: int


def order_by_value(values: Mapping[str, BoundedValue]) -> Ordering:
    """Rank items by a value of their own, such as a rating or a share in a listwise answer.

    Args:
        values: one value per item; items without a value come last.
    """
    names = list(values)
    place = {name: index for index, name in enumerate(names)}

    def key(name: str) -> tuple[bool, float, int]:
        value = values[name].value
        return (value is None, -(value or 0.0), place[name])

    ties, unordered = [], []
    for a, b in combinations(names, 2):
        if values[a].value == values[b].value:
            ties.append((a, b))
        if not (values[a].certainly_above(values[b]) or values[b].certainly_above(values[a])):
            unordered.append((a, b))
    order = tuple(sorted(names, key=key))
    return Ordering(
        order=order,
        ties=tuple(ties),
        unordered=tuple(unordered),
        pairs=len(names) * (len(names) - 1) // 2,
    )


class SwappedPair(Record):
    """A comparison asked in both orders.

    Attributes:
        preference: log-odds of the first item, free of position bias, nats.
        bias: log-odds of whichever item stands first, nats.
    """

    preference: BoundedValue
    bias: BoundedValue


def swapped(forward: BoundedValue, backward: BoundedValue) -> SwappedPair:
    """Cancel position bias by asking in both orders.

    Args:
        forward: log-odds of the answer "the first one" with items (a, b).
        backward: log-odds of the answer "the first one" with items (b, a).
    """
    return SwappedPair(
        preference=weighted_sum([forward, backward], [0.5, -0.5]),
        bias=weighted_sum([forward, backward], [0.5, 0.5]),
    )


def order_by_log_odds(
    items: Sequence[str], preference: Mapping[tuple[str, str], BoundedValue]
) -> Ordering:
    """Rank items by the mean of their log-odds against the others.

    Args:
        items: the items' names.
        preference: log-odds of the first of each pair over the second; one entry per pair, in
            either order.

    Raises:
        GaugeblockError: if a pair is missing.
    """
    score = dict.fromkeys(items, 0.0)
    ties, unordered = [], []
    for a, b in combinations(items, 2):
        if (a, b) in preference:
            value, sign = preference[(a, b)], 1.0
        elif (b, a) in preference:
            value, sign = preference[(b, a)], -1.0
        else:
            raise GaugeblockError(f"no comparison of {a} with {b}")
        # Where one answer was not listed, the end that is known says who leads.
        known = next((x for x in (value.value, value.low, value.high) if x is not None), 0.0) * sign
        score[a] += known
        score[b] -= known
        if value.value == 0:
            ties.append((a, b))
        if not ((value.low or 0) > 0 or (value.high is not None and value.high < 0)):
            unordered.append((a, b))
    order = tuple(sorted(items, key=lambda name: (-score[name], items.index(name))))
    return Ordering(
        order=order,
        ties=tuple(ties),
        unordered=tuple(unordered),
        pairs=len(items) * (len(items) - 1) // 2,
    )
