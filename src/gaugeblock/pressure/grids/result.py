"""What came of a grid, as data: every number is recomputed from the runs' own records."""

from __future__ import annotations

from typing import Literal

from gaugeblock import __version__
from gaugeblock.claims import Claim
from gaugeblock.frozen import Record
from gaugeblock.pressure.grids.grid_file import Plan
from gaugeblock.pressure.grids.questions import Verdict
from gaugeblock.pressure.grids.statistics import CellSummary, Comparison
from gaugeblock.stats import Interval


class Middle(Record):
    """A number over the seeds of a cell: no mean, since many are near 0 in some and 1 in others.

    Attributes:
        median: of the seeds.
        least: of the seeds.
        most: of the seeds.
        seeds: that have the number.
    """

    median: float
    least: float
    most: float
    seeds: int


class Corners(Record):
    """One rate of the detector trained against in the 2x2, over the seeds of a cell.

    Attributes:
        what: "recall", "false alarms" or "AUROC".
        corners: rr, rp, pr, pp: text of reference or policy, then activations.
        by_text: part of the change for the worse that is due to text.
        by_activations: part due to activations.
    """

    what: str
    corners: dict[str, Middle]
    by_text: Middle
    by_activations: Middle


class Curve(Record):
    """One seed's training; each series has one number per step.

    Attributes:
        seed: of the training.
        steps: optimiser steps taken.
        samples: behind each share.
        series: "task reward", "misbehaved", "flagged" and each held-out detector's name.
    """

    seed: int
    steps: tuple[int, ...]
    samples: int
    series: dict[str, tuple[float, ...]]


class RunRow(Record):
    """One planned run.

    Attributes:
        cell: name.
        base_seed: of its reference.
        seed: of its training.
        state: finished, failed or missing.
        outcome: in one line; "" without an audit.
        label: of the outcome; "failed" or "not run" without an audit.
        monitor: class; likewise.
        error: why it failed.
        kl: drift in nats per token; None where it was not measured.
        numbers: name to interval, from its audit.
        audit_sha256: of the audit's file; "" without one.
    """

    cell: str
    base_seed: int
    seed: int
    state: Literal["finished", "failed", "missing"]
    outcome: str
    label: str
    monitor: str
    error: str
    kl: float | None
    numbers: dict[str, Interval]
    audit_sha256: str


class CellResult(Record):
    """One cell.

    Attributes:
        summary: class counts over every planned seed.
        planned: seeds.
        failed: runs that ended in an error.
        missing: runs that were not made.
        tables: the 2x2 of recall, false alarms and AUROC; empty without a finished run.
        numbers: other numbers by name.
        curves: of finished runs.
    """

    summary: CellSummary
    planned: int
    failed: int
    missing: int
    tables: tuple[Corners, ...]
    numbers: dict[str, Middle]
    curves: tuple[Curve, ...]


class Answer(Record):
    """What the grid says of one statement.

    Attributes:
        question: id of the question.
        statement: id.
        says: the statement in words.
        verdict: yes, no or undecided.
        because: counts and tests in words.
        interval: of the share or of the difference of shares (first less second); its limits hold
            with undecided and failed seeds counted either way. None for blame.
        p: for a comparison, the smaller of both one-sided p-values; for blame, that of both
            controls; None where nothing was tested.
        p_adjusted: false discovery rate over all statements of the kind, both ways.
        before: what was seen elsewhere, "" where nothing was.
        contradicts: whether the verdict is yes and was no before, or the other way round.
    """

    question: str
    statement: str
    says: str
    verdict: Verdict
    because: str
    interval: Interval | None
    p: float | None = None
    p_adjusted: float | None = None
    before: str = ""
    contradicts: bool = False


class GridResult(Record):
    """What ``gaugeblock pressure grid`` found.

    Attributes:
        version: of this schema.
        program: program and version that made it.
        plan: what was to be run and asked.
        outcome_spec: version of the rules; None where no run has an audit.
        outcome_spec_sha256: their hash.
        runs: every planned run.
        cells: every cell.
        answers: to every statement whose cells are in the grid.
        not_asked: ids of statements whose cells are not.
        pairs: every pair of cells by whether it is honest and whether the monitor is intact.
        claims: one per answer, with what would defeat it.
    """

    version: Literal[1] = 1
    program: str = f"gaugeblock {__version__}"
    plan: Plan
    outcome_spec: int | None
    outcome_spec_sha256: str
    runs: tuple[RunRow, ...]
    cells: tuple[CellResult, ...]
    answers: tuple[Answer, ...]
    not_asked: tuple[str, ...]
    pairs: tuple[Comparison, ...]
    claims: tuple[Claim, ...]

    def cell(self, name: str) -> CellResult:
        """Return a cell by its name."""
        return next(cell for cell in self.cells if cell.summary.cell == name)


def grid_schema() -> dict[str, object]:
    """Return the JSON Schema of ``grid.json``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **GridResult.model_json_schema(),
    }
