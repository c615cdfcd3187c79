"""What every interval of the project is: two limits, how they were made and from what."""

from __future__ import annotations

from typing import Literal

from gaugeblock.frozen import Record

Sides = Literal["two", "upper", "lower"]


class Interval(Record):
    """A confidence (or credible) interval with its provenance.

    Attributes:
        low: lower limit; 0 for ``sides="upper"`` (-1 for a difference).
        high: upper limit; 1 for ``sides="lower"``.
        level: nominal coverage, in (0, 1).
        method: name of the construction, as in docs/statistics.md.
        sides: "two" puts (1 - level) / 2 on each side, "upper" and "lower" all of it on one.
        estimate: the point estimate the limits belong to; None where there is none.
        k: hits, None where the quantity is not one count.
        n: trials, None where the quantity is not one count.
        clusters: independent clusters behind the trials; None where trials were taken as
            independent.
        effective_n: independent trials the clustered ones were taken to be worth.
        note: what a reader must know besides; "" if nothing.
    """

    low: float
    high: float
    level: float
    method: str
    sides: Sides = "two"
    estimate: float | None = None
    k: int | None = None
    n: int | None = None
    clusters: int | None = None
    effective_n: float | None = None
    note: str = ""

    def contains(self, value: float) -> bool:
        """Return whether ``value`` lies within the limits, both included."""
        return self.low <= value <= self.high
