"""Rankings, with the pairs that the channel cannot order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
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


def _half(first: BoundedValue, second: BoundedValue, sign: int) -> BoundedValue:
    def mix(x: float | None, y: float | None) -> float | None:
        return None if x is None or y is None else (x + sign * y) / 2

    near, far = (second.low, second.high) if sign > 0 else (second.high, second.low)
    guaranteed = first.guaranteed and second.guaranteed
    value, low, high = mix(first.value, second.value), mix(first.low, near), mix(first.high, far)
    sd = None
    if first.sd is not None and second.sd is not None:
        sd = (first.sd**2 + second.sd**2) ** 0.5 / 2
        if not guaranteed and value is not None:
            low, high = value - 1.959963984540054 * sd, value + 1.959963984540054 * sd
    return BoundedValue(
        value=value,
        low=low,
        high=high,
        sd=sd,
        guaranteed=guaranteed,
        confidence=None if guaranteed else 0.95,
        calls=first.calls + second.calls,
    )


def swapped(forward: BoundedValue, backward: BoundedValue) -> SwappedPair:
    """Cancel position bias by asking in both orders.

    Args:
        forward: log-odds of the answer "the first one" with items (a, b).
        backward: log-odds of the answer "the first one" with items (b, a).
    """
    return SwappedPair(preference=_half(forward, backward, -1), bias=_half(forward, backward, 1))


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
        known = (value.value or 0.0) * sign
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
