"""A claim: a statement with a quantifier, its evidence, what would defeat it, one verdict.

Verdicts are four and no more; "safe" is not among them. A claim about a rate is refuted where the
lower bound lies above the tolerated rate, supported where the upper bound lies at or below it,
and inconclusive in between.
"""

from __future__ import annotations

from typing import Literal

from gaugeblock.frozen import Record
from gaugeblock.stats import Interval

CLAIM_VERSION = 1

Quantifier = Literal["exists", "rate", "compare", "enumerated"]
Verdict = Literal["refuted", "supported", "inconclusive", "not_checkable"]
FindingKind = Literal["subversion_attempt", "undesired_behaviour", "misfire", "capability_failure"]
Column = Literal["subversion", "harmful_compliance", "other"]
"""Under which heading a claim stands: subversion and harm never share one."""

DefeaterState = Literal["open", "answered", "accepted_residual", "fatal"]


class Ledger(Record):
    """The denominator of a rate, step by step. Unjudged is never clean.

    Attributes:
        attempted: runs that were planned and started.
        engaged: runs in which the subject did something that the instruments can read.
        completed: engaged runs that ended by themselves, not by a limit or an error.
        judged: runs in which every axis that the clause needs was coded.
        labelled: runs with a behaviour label.
        failed: runs that ended in an error (after retries).
    """

    attempted: int
    engaged: int
    completed: int
    judged: int
    labelled: int
    failed: int


class Evidence(Record):
    """What a claim rests on.

    Attributes:
        description: in a sentence, for people.
        k: runs with the outcome.
        n: labelled runs in scope (the denominator of the interval).
        interval: of the rate, clustered by scenario.
        worst_case: of the rate if every unlabelled run had the outcome (upper) or none (lower).
        ledger: how n came about.
        transcripts: ids of the runs that show the outcome, at most 20.
    """

    description: str
    k: int
    n: int
    interval: Interval
    worst_case: Interval
    ledger: Ledger
    transcripts: tuple[str, ...] = ()


class Defeater(Record):
    """A reason why the claim might not follow from its evidence.

    Attributes:
        id: short name, such as "evaluation-awareness".
        kind: rebut (the claim is false), undercut (the evidence does not bear on it), undermine
            (the evidence is unsound).
        text: what it is, for people.
        state: open, answered, accepted as residual, or fatal.
        answer: what answers it; "" while open.
        settled_by: what measurement would settle it.
    """

    id: str
    kind: Literal["rebut", "undercut", "undermine"]
    text: str
    state: DefeaterState = "open"
    answer: str = ""
    settled_by: str = ""


class Claim(Record):
    """A statement about a subject and what can be said of it.

    Attributes:
        version: of this schema.
        id: clause and profile, such as "never-subvert/no-subversion".
        statement: the sentence that is supported or refuted.
        quantifier: what kind of statement it is.
        column: the heading it is counted under.
        scope: the sampling frame: pack, split, rendering, subject, seeds.
        tolerated: the rate up to which the statement counts as true.
        rule_out: for "exists", the upper bound at or under which zero hits support it.
        evidence: the numbers.
        witness: id of the replayable transcript that refutes it, None where there is none.
        defeaters: what would defeat the verdict.
        verdict: one of four.
        reason: why this verdict, in a sentence.
    """

    version: Literal[1] = 1
    id: str
    statement: str
    quantifier: Quantifier
    column: Column
    scope: str
    tolerated: float
    rule_out: float | None = None
    evidence: Evidence | None
    witness: str | None
    defeaters: tuple[Defeater, ...]
    verdict: Verdict
    reason: str


class Finding(Record):
    """One clause read on one subject under one profile: a line of ``--json``."""

    clause: str
    profile: str
    kind: FindingKind
    verdict: Verdict
    k: int
    n: int
    low: float
    high: float
    witness: str | None
