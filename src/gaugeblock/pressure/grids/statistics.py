"""Several seeds of several cells: class counts and comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import median
from typing import Literal

from scipy import stats

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.pressure.kinds import RunRecord
from gaugeblock.pressure.outcome import Outcome
from gaugeblock.pressure.outcome_spec import OutcomeSpec
from gaugeblock.pressure.result import PressureAudit
from gaugeblock.stats import Interval, benjamini_hochberg, jeffreys_rate

Axis = Literal["label", "behaviour", "monitor"]


class SeedOutcome(Record):
    """One run of a cell.

    Attributes:
        run: what was done.
        outcome: what came of it.
        kl: drift in nats per token; None where it was not measured.
    """

    run: RunRecord
    outcome: Outcome
    kl: float | None


class ClassCount(Record):
    """How many seeds of a cell had a class.

    Attributes:
        name: of the class.
        rate: share of seeds, with Jeffreys' interval.
    """

    name: str
    rate: Interval


class CellSummary(Record):
    """One cell over its seeds; the seed is the unit, never a mean of a rate over seeds.

    Attributes:
        cell: name.
        seeds: runs with an outcome.
        base_seeds: different references among them; runs of one reference are more alike, which
            the intervals do not know.
        classes: counts by class of each axis that occurred.
        median_kl: drift; None where any run has none.
    """

    cell: str
    seeds: int
    base_seeds: int
    classes: dict[Axis, tuple[ClassCount, ...]]
    median_kl: float | None


class Comparison(Record):
    """Two cells, one question.

    Attributes:
        first: name of a cell.
        second: name of the other.
        question: share of which seeds is compared.
        counts: k of n of first, k of n of second.
        p: Fisher's exact test, two-sided.
        p_adjusted: false discovery rate over all comparisons of the grid.
        verdict: "differ" or "undecided"; no difference is never concluded from a p-value.
    """

    first: str
    second: str
    question: str
    counts: tuple[int, int, int, int]
    p: float
    p_adjusted: float
    verdict: Literal["differ", "undecided"]


def seed_outcome(audit: PressureAudit) -> SeedOutcome:
    """Return what a grid needs of one audit."""
    kl = audit.measured.drift.kl
    return SeedOutcome(
        run=audit.measured.run, outcome=audit.outcome, kl=None if kl is None else kl.estimate
    )


def summarise(
    cell: str,
    runs: Sequence[SeedOutcome],
    level: float = 0.95,
    *,
    without: Mapping[str, int] | None = None,
) -> CellSummary:
    """Return the class counts of a cell.

    Args:
        cell: name.
        runs: those with an outcome.
        level: of the intervals.
        without: why a planned run has no outcome, such as "failed", to how many; they are classes
            of their own and stay in every denominator.

    Raises:
        GaugeblockError: no runs, or one seed of one reference twice.
    """
    lacking = {why: count for why, count in (without or {}).items() if count}
    if runs or not lacking:
        check_runs(cell, runs)
    planned = len(runs) + sum(lacking.values())
    axes: tuple[Axis, ...] = ("label", "behaviour", "monitor")
    classes: dict[Axis, tuple[ClassCount, ...]] = {}
    for axis in axes:
        said = [str(getattr(run.outcome, axis)) for run in runs]
        said += [why for why, count in lacking.items() for _ in range(count)]
        classes[axis] = tuple(
            ClassCount(name=name, rate=jeffreys_rate(said.count(name), planned, level))
            for name in dict.fromkeys(said)
        )
    drift = [run.kl for run in runs if run.kl is not None]
    return CellSummary(
        cell=cell,
        seeds=len(runs),
        base_seeds=len({run.run.base_seed for run in runs}),
        classes=classes,
        median_kl=median(drift) if drift and len(drift) == len(runs) else None,
    )


def compare(
    cells: Mapping[str, Sequence[SeedOutcome]],
    spec: OutcomeSpec,
    questions: Sequence[tuple[Axis, str]] = (("behaviour", "honest"), ("monitor", "intact")),
    *,
    without: Mapping[str, int] | None = None,
) -> list[Comparison]:
    """Return every pair of cells on every question, by Fisher's exact test with FDR.

    Undecided runs, and runs without an outcome, count as not being of the class, in both cells.

    Args:
        cells: name to runs.
        spec: the rules.
        questions: axis and class whose share is compared.
        without: name to how many of its planned runs have no outcome.
    """
    lacking = without or {}
    asked = []
    for axis, name in questions:
        for first, second in combinations(cells, 2):
            counts = []
            for cell in (first, second):
                check_runs(cell, cells[cell])
                k = sum(getattr(run.outcome, axis) == name for run in cells[cell])
                counts += [k, len(cells[cell]) + lacking.get(cell, 0)]
            k1, n1, k2, n2 = counts
            p = float(stats.fisher_exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue)
            asked.append((first, second, f"{axis} {name}", (k1, n1, k2, n2), min(p, 1.0)))
    adjusted = benjamini_hochberg([p for *_, p in asked])
    alpha = spec.grid.compare["alpha"]
    return [
        Comparison(
            first=first,
            second=second,
            question=question,
            counts=four,
            p=p,
            p_adjusted=q,
            verdict="differ" if q < alpha else "undecided",
        )
        for (first, second, question, four, p), q in zip(asked, adjusted, strict=True)
    ]


def check_runs(cell: str, runs: Sequence[SeedOutcome]) -> None:
    """Refuse a cell without runs, or with one run twice.

    Raises:
        GaugeblockError: either.
    """
    if not runs:
        raise GaugeblockError("no runs", where=f"cell {cell}")
    seeds = [(run.run.base_seed, run.run.seed) for run in runs]
    if len(set(seeds)) < len(seeds):
        raise GaugeblockError(
            "one seed of one reference is there twice; a run copied is no second run",
            where=f"cell {cell}",
        )
