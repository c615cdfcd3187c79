"""Decide what was asked beforehand: yes, no, or undecided, never by an undecided run's grace.

A run is of a class, or not, or that is undecided, as it is for runs that failed or were not made.
An answer holds only if it would with every undecided run counted against it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gaugeblock.pressure.grids.blame import Arm, blame
from gaugeblock.pressure.grids.questions import (
    Axis,
    BlameAsked,
    Compare,
    FixedText,
    Questions,
    Share,
    Verdict,
)
from gaugeblock.pressure.grids.result import Answer
from gaugeblock.pressure.grids.statistics import seed_outcome
from gaugeblock.pressure.outcome import Outcome
from gaugeblock.pressure.outcome_spec import OutcomeSpec
from gaugeblock.pressure.result import PressureAudit
from gaugeblock.stats import Interval, benjamini_hochberg, clustered_difference, jeffreys_rate
from gaugeblock.stats.fisher import fisher_above

Seats = Sequence[PressureAudit | None]
"""One per planned seed of a cell; None where there is no audit."""


class Count(NamedTuple):
    """Seeds of a class.

    Attributes:
        sure: that are.
        possible: that are or may be.
        planned: all.
    """

    sure: int
    possible: int
    planned: int

    @property
    def words(self) -> str:
        """``4 of 6 seeds, 1 undecided``."""
        unsure = self.possible - self.sure
        return f"{self.sure} of {self.planned} seeds" + (f", {unsure} undecided" if unsure else "")


def answer(
    questions: Questions, cells: Mapping[str, Seats], spec: OutcomeSpec
) -> tuple[list[Answer], list[str]]:
    """Return the answers, and the ids of statements whose cells are not in the grid.

    Args:
        questions: what was asked.
        cells: name to seats.
        spec: the rules; its level and limits are those of the answers.
    """
    asked = [(q.id, s) for q in questions.questions for s in q.statements]
    there = [(q, s) for q, s in asked if all(cell in cells for cell in s.cells)]
    pairs = {s.id: s for _, s in there if isinstance(s, Compare)}
    compared = _compared(pairs, cells, spec)
    blamed = _blamed({s.id: s for _, s in there if isinstance(s, BlameAsked)}, cells, spec)
    answers = []
    for question, one in there:
        if isinstance(one, Share):
            decided = _share(one, cells[one.cell], spec.level)
        elif isinstance(one, FixedText):
            decided = _fixed_text(cells[one.cell], spec.level)
        elif isinstance(one, Compare):
            decided = compared[one.id]
        else:
            decided = blamed[one.id]
        before = one.before
        answers.append(
            Answer(
                question=question,
                statement=one.id,
                says=one.says,
                verdict=decided.verdict,
                because=decided.because,
                interval=decided.interval,
                p=decided.p,
                p_adjusted=decided.p_adjusted,
                before="" if before is None else f"{before.verdict}: {before.told}",
                contradicts=before is not None
                and {before.verdict, decided.verdict} == {"yes", "no"},
            )
        )
    return answers, [s.id for q, s in asked if (q, s) not in there]


class _Decided(NamedTuple):
    verdict: Verdict
    because: str
    interval: Interval | None
    p: float | None = None
    p_adjusted: float | None = None


def count(seats: Seats, axis: Axis, classes: Sequence[str]) -> Count:
    """Return how many seeds are, and how many may be, of one of some classes."""
    said = [None if audit is None else member(audit.outcome, axis, classes) for audit in seats]
    return Count(said.count(True), said.count(True) + said.count(None), len(said))


def member(outcome: Outcome, axis: Axis, classes: Sequence[str]) -> bool | None:
    """Return whether an outcome is of one of some classes; None where that is undecided."""
    value = str(getattr(outcome, axis))
    unsure = {
        "label": value in ("undecided", "behaviour not measured"),
        "behaviour": value in ("undecided", "not measured"),
        "monitor": value == "undecided",
        "cause": value == "undecided" or outcome.monitor == "undecided",
        # Nothing that recovers it is a result only where everything was tried and nothing did.
        "recovered_by": value == "" and outcome.monitor != "gone",
    }[axis]
    return None if unsure else value in classes


def _share(asked: Share, seats: Seats, level: float) -> _Decided:
    found = count(seats, asked.axis, asked.classes)
    interval = _bounded(found, level)
    verdict: Verdict = (
        "yes"
        if interval.low > asked.limit
        else "no"
        if interval.high < asked.limit
        else "undecided"
    )
    return _Decided(verdict, f"{asked.cell}: {found.words}; limit {asked.limit:g}", interval)


def _bounded(found: Count, level: float) -> Interval:
    sure = jeffreys_rate(found.sure, found.planned, level)
    possible = jeffreys_rate(found.possible, found.planned, level)
    unsure = found.possible - found.sure
    return Interval(
        low=sure.low,
        high=possible.high,
        level=level,
        method="jeffreys",
        estimate=found.sure / found.planned,
        k=found.sure,
        n=found.planned,
        note=f"{unsure} undecided seeds counted either way" if unsure else "",
    )


def _fixed_text(seats: Seats, level: float) -> _Decided:
    said: list[bool | None] = []
    shifts = []
    for audit in seats:
        if audit is None:
            said.append(None)
            continue
        main = audit.measured.trained
        tables = (main.recall.corners, main.false_alarms.corners, main.auroc.corners)
        said.append(all(table["rr"].estimate == table["rp"].estimate for table in tables))
        shifts.append(audit.measured.drift.activation_shift.estimate or 0.0)
    found = Count(said.count(True), said.count(True) + said.count(None), len(said))
    verdict: Verdict = (
        "no" if False in said else "yes" if found.sure == found.planned else "undecided"
    )
    most = max(shifts, default=0.0)
    return _Decided(
        verdict,
        f"the same in {found.words}; largest mean shift of activations {most:.3g} of their spread",
        _bounded(found, level),
    )


def _compared(
    asked: Mapping[str, Compare], cells: Mapping[str, Seats], spec: OutcomeSpec
) -> dict[str, _Decided]:
    counts = {
        name: tuple(count(cells[c], one.axis, one.classes) for c in (one.first, one.second))
        for name, one in asked.items()
    }
    both: list[float] = []
    for first, second in counts.values():
        both += [_above(first, second), _above(second, first)]
    adjusted = benjamini_hochberg(both)
    alpha = spec.grid.compare["alpha"]
    found = {}
    for place, (name, one) in enumerate(asked.items()):
        first, second = counts[name]
        p, q = both[2 * place : 2 * place + 2], adjusted[2 * place : 2 * place + 2]
        verdict: Verdict = "yes" if q[0] < alpha else "no" if q[1] < alpha else "undecided"
        found[name] = _Decided(
            verdict,
            f"{one.first} {first.words}, {one.second} {second.words}; one-sided p "
            f"{min(p):.3g}, {min(q):.3g} with FDR over {len(both)} tests",
            _difference(first, second, spec.level),
            min(p),
            min(q),
        )
    return found


def _above(more: Count, fewer: Count) -> float:
    p = fisher_above(more.sure, more.planned, fewer.possible, fewer.planned)
    return min(p, 1.0)


def _difference(first: Count, second: Count, level: float) -> Interval:
    def of(a: int, b: int) -> Interval:
        return clustered_difference(
            _ones(a, first.planned),
            [1] * first.planned,
            _ones(b, second.planned),
            [1] * second.planned,
            level,
        )

    low, high = of(first.sure, second.possible), of(first.possible, second.sure)
    unsure = first.possible - first.sure + second.possible - second.sure
    return Interval(
        low=low.low,
        high=high.high,
        level=level,
        method=low.method,
        estimate=first.sure / first.planned - second.sure / second.planned,
        n=first.planned + second.planned,
        note=f"{unsure} undecided seeds counted either way" if unsure else "",
    )


def _ones(k: int, n: int) -> list[int]:
    return [1] * k + [0] * (n - k)


def _blamed(
    asked: Mapping[str, BlameAsked], cells: Mapping[str, Seats], spec: OutcomeSpec
) -> dict[str, _Decided]:
    found: dict[str, _Decided] = {}
    arms: dict[str, Arm] = {}
    for name, one in asked.items():
        lacking = sum(audit is None for cell in one.cells for audit in cells[cell])
        if lacking:
            found[name] = _Decided("undecided", f"{lacking} runs of arm or controls failed", None)
            continue
        runs = (
            tuple(seed_outcome(audit) for audit in cells[cell] if audit is not None)
            for cell in (one.arm, one.drift, one.random_labels)
        )
        arm, drift, random_labels = runs
        arms[name] = Arm(arm=arm, drift=drift, random_labels=random_labels)
    for said in blame(arms, spec):
        # "Not shown" is no "no": that a penalty is innocent is never concluded.
        verdict: Verdict = "yes" if said.verdict == "penalty" else "undecided"
        because = f"{asked[said.cell].arm}: {said.because}"
        found[said.cell] = _Decided(verdict, because, None, said.p, said.p_adjusted)
    return found
