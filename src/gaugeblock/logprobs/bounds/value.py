"""A value with the interval that a channel allows."""

from __future__ import annotations

import math

from gaugeblock.frozen import Record


class BoundedValue(Record):
    """A judged value, its interval and what kind of interval that is.

    Attributes:
        value: what the reported numbers say; None where nothing relevant was reported.
        low: lower end; None for minus infinity.
        high: upper end; None for infinity.
        sd: typical error, in the units of ``value``; None where it has no finite value.
        guaranteed: True for an interval that holds whatever the rounding did, False for a
            confidence interval.
        confidence: 0.95 for a confidence interval, None for a guaranteed one.
        seen: share of the probability that the value rests on, where that has a meaning.
        calls: how many answers of the channel went in.
    """

    value: float | None
    low: float | None
    high: float | None
    sd: float | None = None
    guaranteed: bool = True
    confidence: float | None = None
    seen: float | None = None
    calls: int = 1

    @property
    def width(self) -> float:
        """Length of the interval; infinite where an end is open."""
        if self.low is None or self.high is None:
            return math.inf
        return self.high - self.low

    def contains(self, truth: float) -> bool:
        """Whether ``truth`` lies in the closed interval."""
        above = self.low is None or truth >= self.low
        return above and (self.high is None or truth <= self.high)

    def certainly_above(self, other: BoundedValue) -> bool:
        """Whether every value here exceeds every value of ``other``."""
        return self.low is not None and other.high is not None and self.low > other.high


def open_end(bound: float) -> float | None:
    """Return a bound as a record stores it: None where it is infinite."""
    return bound if math.isfinite(bound) else None
