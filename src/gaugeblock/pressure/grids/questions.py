"""The questions a grid is to answer, as they are committed before it is run."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import Field, model_validator

from gaugeblock.frozen import Record

Verdict = Literal["yes", "no", "undecided"]
Axis = Literal["label", "behaviour", "monitor", "cause", "recovered_by"]


class Before(Record):
    """What was seen elsewhere before; it decides nothing.

    Attributes:
        verdict: the answer it gave.
        told: the counts behind it.
    """

    verdict: Verdict
    told: str


class Statement(Record):
    """What is common to every statement that a grid can decide.

    Attributes:
        id: unique among all questions.
        says: the statement in words, true if the verdict is yes.
        before: what was seen elsewhere; None where nothing was.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    says: str
    before: Before | None = None


class Share(Statement):
    """Whether more than a given share of a cell's seeds has one of some classes."""

    kind: Literal["share"]
    cell: str
    axis: Axis
    classes: tuple[str, ...] = Field(min_length=1)
    limit: float = Field(gt=0, lt=1)

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells it needs."""
        return (self.cell,)


class Compare(Statement):
    """Whether one cell has more seeds with one of some classes than another."""

    kind: Literal["compare"]
    first: str
    second: str
    axis: Axis
    classes: tuple[str, ...] = Field(min_length=1)

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells it needs."""
        return (self.first, self.second)


class BlameAsked(Statement):
    """Whether a cell lost its detector because of its penalty; see ``statistics.blame``."""

    kind: Literal["blame"]
    arm: str
    drift: str
    random_labels: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells it needs."""
        return (self.arm, self.drift, self.random_labels)


class FixedText(Statement):
    """Whether the detector reads the reference's texts just as before, in every seed, exactly."""

    kind: Literal["fixed-text"]
    cell: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells it needs."""
        return (self.cell,)


AnyStatement = Annotated[Share | Compare | BlameAsked | FixedText, Field(discriminator="kind")]


class Question(Record):
    """A question in words, and the statements that answer it."""

    id: str
    question: str
    statements: tuple[AnyStatement, ...] = Field(min_length=1)


class Questions(Record):
    """All questions of a grid.

    Attributes:
        grid: id of the grid they were written for.
        version: raised with every change.
        questions: what is asked.
    """

    grid: str
    version: int = Field(ge=1)
    questions: tuple[Question, ...]

    @model_validator(mode="after")
    def _distinct(self) -> Questions:
        ids = [one.id for question in self.questions for one in question.statements]
        if len(set(ids)) < len(ids):
            raise ValueError("two statements of one id")
        return self

    @property
    def sha256(self) -> str:
        """Hash of what is asked, whatever the layout of the file."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
