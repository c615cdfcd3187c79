"""The ladder as data: which trial belongs to which rung, and by what limit it is judged."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import Field

from gaugeblock.frozen import Record

Rung = Literal["decodable", "robust", "specific", "causal", "unrefuted"]


class TrialRule(Record):
    """How one trial is judged.

    Attributes:
        title: name for people.
        required: whether its rung is out of reach unless it held.
        limits: numbers by name; a list for a set of doses.
        reason: why the limits are these and not others.
    """

    title: str
    required: bool
    limits: dict[str, float | tuple[float, ...]] = Field(default_factory=dict)
    reason: str = ""

    def limit(self, name: str) -> float:
        """Return a single limit."""
        value = self.limits[name]
        assert isinstance(value, int | float)
        return float(value)

    def count(self, name: str) -> int:
        """Return a limit that is a number of things."""
        return int(self.limit(name))


class RungRule(Record):
    """One rung: what reaching it means, and its trials in the order in which they stop a claim."""

    means: str
    trials: dict[str, TrialRule]


class Criteria(Record):
    """The whole ladder, lowest rung first; ``version`` changes with any limit."""

    version: Literal[3]
    rungs: dict[Rung, RungRule]

    def rule(self, trial: str) -> TrialRule:
        """Return the rule of a trial by its id."""
        return next(rung.trials[trial] for rung in self.rungs.values() if trial in rung.trials)

    def rung_of(self, trial: str) -> Rung:
        """Return the rung a trial belongs to."""
        return next(name for name, rung in self.rungs.items() if trial in rung.trials)


@cache
def load_criteria() -> Criteria:
    """Return the shipped criteria."""
    text = resources.files(__package__).joinpath("criteria.yaml").read_text(encoding="utf-8")
    return Criteria.model_validate(yaml.safe_load(text))
