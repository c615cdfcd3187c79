"""Several bounded values made into one: wordings averaged, spellings added up."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds.box import NORMAL_95
from gaugeblock.logprobs.bounds.value import BoundedValue


def _end(
    values: Sequence[BoundedValue], weights: Sequence[float], centre: float | None, upper: bool
) -> float | None:
    """Return one end of a weighted sum: guaranteed parts end by end, the others in quadrature.

    Quadrature of distances to the ends is the method of variance estimates recovery (Zou and
    Donner 2008), which keeps the lopsidedness of the parts.
    """
    fixed, squares = 0.0, 0.0
    for value, weight in zip(values, weights, strict=True):
        end = value.high if upper == (weight >= 0) else value.low
        if end is None:
            return None
        if value.guaranteed or value.value is None or centre is None:
            fixed += weight * end
        else:
            fixed += weight * value.value
            squares += (weight * (end - value.value)) ** 2
    return fixed + (1 if upper else -1) * math.sqrt(squares)


def weighted_sum(values: Sequence[BoundedValue], weights: Sequence[float]) -> BoundedValue:
    """Return a weighted sum of values from different answers.

    Args:
        values: at least one.
        weights: one per value.

    Raises:
        GaugeblockError: if there is no value.
    """
    if not values:
        raise GaugeblockError("there is no value to combine")
    pairs = list(zip(values, weights, strict=True))
    known = [weight * v.value for v, weight in pairs if v.value is not None]
    value = sum(known) if len(known) == len(pairs) else None
    sds = [weight * v.sd for v, weight in pairs if v.sd is not None]
    guaranteed = all(v.guaranteed for v in values)
    seen = [v.seen for v in values if v.seen is not None]
    return BoundedValue(
        value=value,
        low=_end(values, weights, value, upper=False),
        high=_end(values, weights, value, upper=True),
        sd=math.hypot(*sds) if len(sds) == len(pairs) else None,
        guaranteed=guaranteed,
        confidence=None if guaranteed else 0.95,
        seen=sum(seen) / len(seen) if len(seen) == len(pairs) else None,
        calls=sum(v.calls for v in values),
    )


def average(values: Sequence[BoundedValue]) -> BoundedValue:
    """Return the mean over wordings or orders.

    Wordings move the logits across the grid, so the typical error of their mean shrinks with the
    square root of their number; a guaranteed interval is the mean of the intervals and does not.

    Raises:
        GaugeblockError: if there is no value.
    """
    return weighted_sum(values, [1 / len(values)] * len(values) if values else [])


def any_of(values: Sequence[BoundedValue]) -> BoundedValue:
    """Return the logprob of any of several texts, none of which begins another.

    Args:
        values: logprobs, nats; those without a value count with their upper end alone.

    Raises:
        GaugeblockError: if there is no value.
    """
    if not values:
        raise GaugeblockError("there is no value to combine")

    def total(logs: Sequence[float]) -> float | None:
        top = max(logs, default=-math.inf)
        return top + math.log(sum(math.exp(x - top) for x in logs)) if math.isfinite(top) else None

    value = total([v.value for v in values if v.value is not None])
    sds = [
        math.exp(v.value - value) * v.sd
        for v in values
        if value is not None and v.value is not None and v.sd is not None
    ]
    guaranteed = all(v.guaranteed for v in values)
    low = total([v.low for v in values if v.low is not None])
    highs = [v.high for v in values if v.high is not None]
    high = total(highs) if len(highs) == len(values) else 0.0
    sd = math.hypot(*sds) if sds else None
    if not guaranteed and value is not None and sd is not None:
        low, high = value - NORMAL_95 * sd, value + NORMAL_95 * sd
    return BoundedValue(
        value=value,
        low=low,
        high=None if high is None else min(high, 0.0),
        sd=sd,
        guaranteed=guaranteed,
        confidence=None if guaranteed else 0.95,
        calls=max(v.calls for v in values),
    )


def through_logistic(log_odds: BoundedValue) -> BoundedValue:
    """Return log-odds as a probability: the interval's ends go through the logistic function."""

    def p(x: float | None, default: float) -> float:
        if x is None:
            return default
        return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))

    value = None if log_odds.value is None else p(log_odds.value, 0.0)
    sd = None if log_odds.sd is None or value is None else log_odds.sd * value * (1 - value)
    return log_odds.model_copy(
        update={
            "value": value,
            "low": p(log_odds.low, 0.0),
            "high": p(log_odds.high, 1.0),
            "sd": sd,
        }
    )
