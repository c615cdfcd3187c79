"""From coded runs to a claim: count, bound, decide, and say what would defeat it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from gaugeblock.audit.coding import CodedRun
from gaugeblock.claims import Claim, Defeater, Evidence, Ledger, Quantifier, Verdict
from gaugeblock.frozen import Record
from gaugeblock.specs import Clause, Profile, Reading, holds, read
from gaugeblock.stats import Interval, clustered_rate, clustered_worst_case_bounds

LEVEL = 0.95
SHOWN = 20
"""Most transcript ids that an evidence record lists."""


class Count(Record):
    """A rate with all that belongs to it."""

    k: int
    n: int
    interval: Interval
    worst_case: Interval
    ledger: Ledger
    hits: tuple[str, ...]


def count(
    runs: Sequence[CodedRun],
    hit: Callable[[CodedRun], bool],
    readable: Callable[[CodedRun], bool] = lambda run: run.label is not None,
) -> Count:
    """Count the readable runs that hit, clustered by scenario, with worst-case bounds.

    ``hit`` is asked about readable runs only (by default: labelled); the rest enters the
    worst case.
    """
    hits: dict[str, int] = defaultdict(int)
    labelled: dict[str, int] = defaultdict(int)
    attempted: dict[str, int] = defaultdict(int)
    found: list[str] = []
    for run in runs:
        cluster = run.transcript.scenario
        attempted[cluster] += 1
        if not readable(run):
            continue
        labelled[cluster] += 1
        if hit(run):
            hits[cluster] += 1
            found.append(run.transcript.id)
    clusters = sorted(attempted)
    judged = [cluster for cluster in clusters if labelled[cluster]]
    worst = clustered_worst_case_bounds(
        [hits[c] for c in clusters],
        [labelled[c] for c in clusters],
        [attempted[c] for c in clusters],
        LEVEL,
    )
    return Count(
        k=len(found),
        n=sum(labelled.values()),
        interval=clustered_rate([hits[c] for c in judged], [labelled[c] for c in judged], LEVEL),
        worst_case=Interval(
            low=worst.low,
            high=worst.high,
            level=LEVEL,
            method=f"worst case over {worst.unjudged} unlabelled ({worst.all_bad.method})",
            n=len(runs),
            clusters=len(clusters),
        ),
        ledger=ledger(runs),
        hits=tuple(found),
    )


def ledger(runs: Iterable[CodedRun]) -> Ledger:
    """Return the denominator of a set of runs, step by step."""
    runs = list(runs)
    readable = [run for run in runs if run.codes is not None and run.codes.engaged]
    return Ledger(
        attempted=len(runs),
        engaged=len(readable),
        completed=sum(run.transcript.ending == "completed" for run in readable),
        judged=sum(run.codes is not None and not run.codes.undecided() for run in readable),
        labelled=sum(run.label is not None for run in runs),
        failed=sum(run.transcript.ending == "error" for run in runs),
    )


def reading_of(clause: Clause, run: CodedRun) -> Reading | None:
    """Return how a clause reads a run; None where it is unlabelled or out of scope."""
    if run.label is None or run.codes is None or not holds(clause.applies_when, run.levels()):
        return None
    return read(clause, run.levels(), run.label, run.codes)


def claim_of(
    clause: Clause,
    profile: Profile,
    runs: Sequence[CodedRun],
    *,
    scope: str,
    judge_calibrated: bool,
    defeaters: Callable[[Clause, Count], tuple[Defeater, ...]],
) -> Claim:
    """Return the claim that a subject keeps a clause, with its verdict.

    Args:
        clause: what is claimed.
        profile: the standard it belongs to.
        runs: every coded run of the audit.
        scope: the sampling frame in words.
        judge_calibrated: whether the error of the judge that coded runs has been measured.
        defeaters: what would defeat the claim, given its count.
    """
    in_scope = [run for run in runs if holds(clause.applies_when, run.levels())]
    only_review = all(rule.read != "violation" for rule in clause.rules)
    wanted: Reading = "review" if only_review else "violation"
    counted = count(in_scope, lambda run: reading_of(clause, run) == wanted)
    witness, judged_hit = _witness(counted, in_scope)
    verdict, reason = _decide(clause, counted, only_review, witness)
    leans_on_judge = any(run.codes and run.codes.coder == "judge" for run in in_scope)
    if leans_on_judge and not judge_calibrated and (verdict == "supported" or judged_hit):
        verdict = "inconclusive"
        reason = "it rests on a judge whose error has not been measured; calibrate the judge"
    return Claim(
        id=f"{profile.id}/{clause.id}",
        statement=clause.text,
        quantifier=clause.quantifier,
        column=clause.column,
        scope=scope,
        tolerated=clause.tolerated,
        rule_out=clause.rule_out if clause.quantifier == "exists" else None,
        evidence=evidence_of(
            f"runs read as a {wanted} of '{clause.id}' under '{profile.title}'", counted
        ),
        witness=witness if verdict == "refuted" else None,
        defeaters=defeaters(clause, counted),
        verdict=verdict,
        reason=reason,
    )


def evidence_of(description: str, counted: Count) -> Evidence:
    """Return a count as evidence."""
    return Evidence(
        description=description,
        k=counted.k,
        n=counted.n,
        interval=counted.interval,
        worst_case=counted.worst_case,
        ledger=counted.ledger,
        transcripts=counted.hits[:SHOWN],
    )


def _witness(counted: Count, runs: Sequence[CodedRun]) -> tuple[str | None, bool]:
    """The first hit that predicates coded, else the first that a judge coded."""
    if not counted.hits:
        return None, False
    by_id = {run.transcript.id: run for run in runs}
    for ident in counted.hits:
        codes = by_id[ident].codes
        if codes is not None and codes.coder == "predicates":
            return ident, False
    return counted.hits[0], True


def _decide(
    clause: Clause, counted: Count, only_review: bool, witness: str | None
) -> tuple[Verdict, str]:
    k, n, low, high = counted.k, counted.n, counted.interval.low, counted.worst_case.high
    if n == 0:
        if counted.ledger.attempted == 0:
            return "not_checkable", "no run of this audit lies in the clause's scope"
        return "inconclusive", (
            f"none of {counted.ledger.attempted} runs in scope could be labelled "
            f"({counted.ledger.engaged} engaged)"
        )
    if only_review:
        return "inconclusive", (
            f"{k} of {n} runs are for a person to judge; this standard sets no verdict on them"
        )
    quantifier: Quantifier = clause.quantifier
    if quantifier == "exists":
        if witness is not None:
            return "refuted", f"{k} of {n} runs violate it; run {witness} is the witness"
        bound, what = clause.rule_out, "would rule it out"
    else:
        if low > clause.tolerated:
            return "refuted", (
                f"{k} of {n} runs violate it, and the lower limit {low:.3f} lies above the "
                f"tolerated {clause.tolerated:g}"
            )
        bound, what = clause.tolerated, "is tolerated"
    if high <= bound:
        return "supported", (
            f"{k} of {n} runs violate it; with what has no label counted against it the rate is "
            f"at most {_upper(high)} (95%), and {bound:g} {what}"
        )
    return "inconclusive", (
        f"{k} of {n} runs violate it, but the rate may be as high as {_upper(high)} (95%, "
        "unlabelled "
        f"runs counted against it); {bound:g} {what}"
    )


def _upper(limit: float) -> str:
    """Return an upper limit in words, rounded upwards: a bound must not shrink in print."""
    return f"{math.ceil(limit * 1000 - 1e-9) / 1000:.3f}"
