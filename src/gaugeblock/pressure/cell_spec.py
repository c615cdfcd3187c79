"""One cell of a grid, as data: which world, which detector, what pushes, what holds against it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from gaugeblock.frozen import Record
from gaugeblock.pressure.kinds import Mitigation, Pressure

Task = Literal["plain", "useful-feature"]
Reads = Literal["belief", "style", "text"]


class CellSpec(Record):
    """What is done in a cell; seeds are not part of it.

    Attributes:
        name: of the cell, unique in its grid.
        question: what the cell is there to answer, for people.
        task: ``useful-feature`` makes the detected feature needed by the task, so that hiding it
            costs reward; ``plain`` does not.
        size: of the model; sizes are the environment's.
        reads: what the trained-against detector reads: activations that carry the belief, ones
            dominated by the wording's style (a planted blind spot), or the text alone (what a
            chain-of-thought monitor sees).
        pressure: what pushes.
        mitigations: what holds against it.
        steps: optimiser steps of the training under pressure.
        learning_rate: of that training.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    question: str = ""
    task: Task = "plain"
    size: Literal["small", "medium", "large"] = "medium"
    reads: Reads = "belief"
    pressure: Pressure
    mitigations: tuple[Mitigation, ...] = ()
    steps: int = Field(default=150, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)

    @model_validator(mode="after")
    def _text_is_for_monitors(self) -> CellSpec:
        monitored = self.pressure.kind.value == "cot-monitor-reward"
        if monitored != (self.reads == "text"):
            raise ValueError("a chain-of-thought monitor reads the text, and nothing else does")
        return self


class GridSpec(Record):
    """A grid as it is committed before it is run.

    Attributes:
        id: name of the grid.
        version: raised with every change.
        base_seeds: seeds that make the references.
        seeds: seeds of the training; each runs on the base ``base_seeds[i % len(base_seeds)]``.
        cells: what is done.
    """

    id: str
    version: int = Field(ge=1)
    base_seeds: tuple[int, ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(min_length=1)
    cells: tuple[CellSpec, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct(self) -> GridSpec:
        names = [cell.name for cell in self.cells]
        if len(set(names)) != len(names):
            raise ValueError("two cells of one name")
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError("a seed is repeated")
        return self
