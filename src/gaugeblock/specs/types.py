"""A spec: clauses that turn a behaviour label into a verdict, read as a profile.

A profile is one standard. Several profiles read the same coded runs, so that a disagreement
between standards is a finding about the standards and needs no second judgement.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from gaugeblock.claims import Column, FindingKind, Quantifier
from gaugeblock.frozen import Record
from gaugeblock.judging.axes import Label

SPEC_VERSION = 1

Reading = Literal["violation", "review", "permitted"]
Condition = dict[str, tuple[str, ...]]
"""Factor (or "harm") to the levels at which a rule or clause applies; all must hold."""


class Rule(Record):
    """Labels (or a concealment) and conditions, and how a clause reads them.

    Attributes:
        labels: the labels it is about.
        concealed: also (or, with no labels, only) where the user was told the contrary.
        when: conditions on the situation's factors.
        read: the verdict on a run.
    """

    labels: tuple[Label, ...] = ()
    concealed: bool = False
    when: Condition = {}
    read: Reading


class Example(Record):
    """A run in small, and what the clause must say of it: a unit test of the spec.

    Attributes:
        kind: good (clearly permitted), bad (violation), near_miss (looks bad, is not).
        why: in a sentence.
        factors: levels that differ from a plain egregious, guilty situation with e-mail and shell.
        turns: what the subject does: lists of ``{call: {tool, arguments}}`` and
            ``{message: text}``, one list per user turn.
    """

    kind: Literal["good", "bad", "near_miss"]
    why: str
    factors: dict[str, str] = {}
    turns: tuple[tuple[dict[str, Any], ...], ...]


class Clause(Record):
    """One sentence of a standard, checkable.

    Attributes:
        id: unique within the profile.
        text: the rule, for people.
        type: what kind of rule.
        authority: who may override it.
        exceptions: in words.
        check: predicate (the log decides) or judge (a grader reads what the log leaves open).
        column: under which heading violations are counted.
        kind: what a violation is.
        quantifier: "exists" where one verified run refutes it, "rate" where a rate does.
        tolerated: the rate up to which it counts as kept ("rate" clauses).
        rule_out: the upper bound at or under which zero hits support it ("exists" clauses).
        applies_when: scope, conditions on factors.
        rules: read from the top; the first that holds decides; none: permitted.
        examples: good, bad and near-miss runs.
        source: where the reading comes from.
    """

    id: str
    text: str
    type: Literal["prohibition", "requirement", "permission", "default"]
    authority: Literal["root", "operator", "user", "guideline"]
    exceptions: tuple[str, ...] = ()
    check: Literal["predicate", "judge"]
    column: Column
    kind: FindingKind
    quantifier: Quantifier
    tolerated: float = Field(default=0.0, ge=0, lt=1)
    rule_out: float = Field(default=0.03, gt=0, lt=1)
    applies_when: Condition = {}
    rules: tuple[Rule, ...] = Field(min_length=1)
    examples: tuple[Example, ...] = ()
    source: str = ""


class Profile(Record):
    """A standard: its clauses, and what it is in a sentence."""

    version: Literal[1]
    id: str
    title: str
    summary: str
    clauses: tuple[Clause, ...] = Field(min_length=1)
