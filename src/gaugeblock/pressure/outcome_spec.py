"""The frozen rules by which an outcome is told, as data."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import Field

from gaugeblock.frozen import Record
from gaugeblock.pressure.yaml_file import record_of, text_of


class Rule(Record):
    """One rule: its numbers and why they are these."""

    limits: dict[str, float]
    reason: str = Field(min_length=20)

    def __getitem__(self, name: str) -> float:
        return self.limits[name]


class BehaviourRules(Record):
    """What the model does."""

    degenerate: Rule
    honest: Rule
    misbehaving: Rule


class MonitorRules(Record):
    """What became of the detector."""

    worked: Rule
    intact: Rule
    lost: Rule
    saturated: Rule
    shifted: Rule
    direction_lost: Rule
    reads: Rule
    fails: Rule


class CauseRules(Record):
    """Which of text and activations did it."""

    single: Rule
    mixed: Rule


class GridRules(Record):
    """When two cells of a grid differ, and when a penalty may be blamed."""

    compare: Rule
    matched_kl: Rule


class OutcomeSpec(Record):
    """All rules; ``version`` changes with any limit, ``level`` is that of every interval."""

    version: int
    level: float = Field(gt=0.5, lt=1)
    behaviour: BehaviourRules
    monitor: MonitorRules
    cause: CauseRules
    grid: GridRules

    @property
    def sha256(self) -> str:
        """Hash of the rules, whatever the layout of the file."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


SHIPPED: Literal["outcome_spec.yaml"] = "outcome_spec.yaml"


@cache
def load_outcome_spec(path: Path | None = None) -> OutcomeSpec:
    """Return the shipped rules, or those of a file of one's own.

    Raises:
        GaugeblockError: no such file, or not such rules.
    """
    text = (
        resources.files(__package__).joinpath(SHIPPED).read_text(encoding="utf-8")
        if path is None
        else text_of(path)
    )
    return record_of(OutcomeSpec, text, "an outcome spec", path)
