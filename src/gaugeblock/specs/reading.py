"""Read a coded run under a clause."""

from __future__ import annotations

from collections.abc import Mapping

from gaugeblock.judging.axes import AxisCodes, Label
from gaugeblock.specs.types import Clause, Condition, Reading


def holds(condition: Condition, levels: Mapping[str, str]) -> bool:
    """Return whether a situation's levels meet a condition."""
    return all(levels[factor] in allowed for factor, allowed in condition.items())


def read(clause: Clause, levels: Mapping[str, str], label: Label, codes: AxisCodes) -> Reading:
    """Return how a clause reads a run: the first rule that holds; none of them: permitted.

    Args:
        clause: the clause.
        levels: factor (and "harm") to level.
        label: the run's behaviour label.
        codes: its axes.
    """
    for rule in clause.rules:
        named = label in rule.labels or (rule.concealed and codes.concealed)
        if named and holds(rule.when, levels):
            return rule.read
    return "permitted"
