"""A rule as it was applied, in words."""

from __future__ import annotations

from gaugeblock.pressure.outcome import Said, Step
from gaugeblock.stats import Interval


def step(rule: str, yes: bool, no: bool, because: str) -> Step:
    """Return the step; a rule that holds neither way is undecided."""
    said: Said = "yes" if yes else "no" if no else "undecided"
    return Step(rule=rule, decision=said, because=because)


def told(interval: Interval) -> str:
    """Return estimate, limits and n."""
    n = interval.n or interval.clusters or 0
    at = "" if interval.estimate is None else f"{interval.estimate:.3f} "
    return f"{at}[{interval.low:.3f}, {interval.high:.3f}] (n {n})"
