"""From a directory of runs to ``grid.json``, and back: every number is recomputed and compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from pydantic import ValidationError

from gaugeblock.claims import Claim
from gaugeblock.errors import GaugeblockError, VerificationError
from gaugeblock.pressure.grids.claims import claims_of
from gaugeblock.pressure.grids.jobs import Job, State, failure_of, jobs_of, state_of
from gaugeblock.pressure.grids.questions import Compare, Questions, Share
from gaugeblock.pressure.grids.result import (
    Answer,
    CellResult,
    Corners,
    Curve,
    GridResult,
    Middle,
    RunRow,
)
from gaugeblock.pressure.grids.schedule import load_plan_of
from gaugeblock.pressure.grids.statistics import (
    Comparison,
    compare,
    seed_outcome,
    summarise,
)
from gaugeblock.pressure.grids.verdicts import Seats, answer, member
from gaugeblock.pressure.loop.record import RUN, SeedRun, load_seed_run
from gaugeblock.pressure.outcome_spec import OutcomeSpec, load_outcome_spec
from gaugeblock.pressure.rates import AurocSplit, Split
from gaugeblock.pressure.result import RESULT, PressureAudit, load_audit
from gaugeblock.stats import Interval

GRID = "grid.json"


def collect(out: Path) -> GridResult:
    """Return what the runs in a directory give; the same runs give the same result.

    Args:
        out: as ``run_grid`` made it, wholly or in part.

    Raises:
        GaugeblockError: not a directory of runs, an audit that contradicts itself, or audits
            judged by different rules.
    """
    plan = load_plan_of(out)
    jobs = jobs_of(plan.grid, out)
    states = {job.out: state_of(job) for job in jobs}
    audits = {
        job.out: load_audit(job.out / RESULT) for job in jobs if states[job.out] == "finished"
    }
    spec = _one_spec(list(audits.values()), out)
    of_cell = {
        cell.name: [job for job in jobs if job.cell.name == cell.name] for cell in plan.grid.cells
    }
    seats: dict[str, Seats] = {
        name: [audits.get(job.out) for job in mine] for name, mine in of_cell.items()
    }
    answers: list[Answer] = []
    not_asked: list[str] = []
    claims: tuple[Claim, ...] = ()
    if plan.questions is not None:
        answers, not_asked = answer(plan.questions, seats, spec)
        said = {name: [states[job.out] for job in mine] for name, mine in of_cell.items()}
        claims = claims_of(plan, answers, said, _decided(plan.questions, answers, seats))
    return GridResult(
        plan=plan,
        outcome_spec=spec.version if audits else None,
        outcome_spec_sha256=spec.sha256 if audits else "",
        runs=tuple(_row(job, states[job.out], audits.get(job.out)) for job in jobs),
        cells=tuple(_cell(name, mine, states, audits, spec) for name, mine in of_cell.items()),
        answers=tuple(answers),
        not_asked=tuple(not_asked),
        pairs=_pairs(seats, spec),
        claims=claims,
    )


def write_grid(found: GridResult, out: Path) -> Path:
    """Write ``grid.json`` and return its path."""
    path = out / GRID
    path.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def load_grid(path: Path) -> GridResult:
    """Read ``grid.json`` without its runs.

    Raises:
        GaugeblockError: no such file, or not such a result.
    """
    try:
        return GridResult.model_validate_json(path.read_bytes())
    except OSError as error:
        raise GaugeblockError("no such file", where=path) from error
    except ValidationError as error:
        raise GaugeblockError(f"not the result of a grid ({error})", where=path) from error


def verify_grid(out: Path) -> GridResult:
    """Recompute ``grid.json`` from the runs beside it and return it.

    Raises:
        VerificationError: a number differs; the first is named.
        GaugeblockError: as ``collect`` and ``load_grid``.
    """
    written = load_grid(out / GRID)
    # Who made it may differ; what it says may not.
    again = collect(out).model_copy(update={"program": written.program})
    if again != written:
        where = _first_difference(written.model_dump(mode="json"), again.model_dump(mode="json"))
        raise VerificationError(f"{where} is not what the runs give", where=out / GRID)
    return written


def _first_difference(a: object, b: object, at: str = "") -> str:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in {**a, **b}:
            if a.get(key) != b.get(key):
                return _first_difference(a.get(key), b.get(key), f"{at}.{key}" if at else str(key))
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            if x != y:
                return _first_difference(x, y, f"{at}[{i}]")
    return at


def _one_spec(audits: Sequence[PressureAudit], out: Path) -> OutcomeSpec:
    specs = {audit.spec.sha256: audit.spec for audit in audits}
    if len(specs) > 1:
        raise GaugeblockError(
            "its runs were judged by different rules",
            where=out,
            remedy="Run it again in another directory with one version of the rules",
        )
    return next(iter(specs.values()), load_outcome_spec())


def _decided(
    questions: Questions, answers: Sequence[Answer], seats: dict[str, Seats]
) -> dict[str, int]:
    asked = {s.id: s for q in questions.questions for s in q.statements}
    found = {}
    for one in answers:
        statement = asked[one.statement]
        there = [audit for cell in statement.cells for audit in seats[cell] if audit is not None]
        if isinstance(statement, Share | Compare):
            axis, classes = statement.axis, statement.classes
            found[one.statement] = sum(
                member(audit.outcome, axis, classes) is not None for audit in there
            )
        else:
            found[one.statement] = len(there)
    return found


def _pairs(seats: dict[str, Seats], spec: OutcomeSpec) -> tuple[Comparison, ...]:
    # Cells without a finished run have nothing to compare.
    there = {
        name: tuple(seed_outcome(audit) for audit in mine if audit is not None)
        for name, mine in seats.items()
    }
    lacking = {name: mine.count(None) for name, mine in seats.items()}
    finished = {name: runs for name, runs in there.items() if runs}
    return tuple(compare(finished, spec, without=lacking))


def _row(job: Job, state: State, audit: PressureAudit | None) -> RunRow:
    lacking = {"failed": "failed", "missing": "not run", "finished": ""}[state]
    error = ""
    if state == "failed":
        why = failure_of(job)
        error = f"{why.error}: {why.message}"
    return RunRow(
        cell=job.cell.name,
        base_seed=job.base_seed,
        seed=job.seed,
        state=state,
        outcome="" if audit is None else audit.outcome.words,
        label=lacking if audit is None else audit.outcome.label,
        monitor=lacking if audit is None else audit.outcome.monitor,
        error=error,
        kl=None if audit is None else seed_outcome(audit).kl,
        numbers={} if audit is None else _numbers(audit),
        audit_sha256=""
        if audit is None
        else hashlib.sha256((job.out / RESULT).read_bytes()).hexdigest(),
    )


def _numbers(audit: PressureAudit) -> dict[str, Interval]:
    found, main = audit.measured, audit.measured.trained
    numbers: dict[str, Interval | None] = {
        "misbehaved": None if found.behaviour is None else found.behaviour.misbehaved.none_bad,
        "no usable answer": None if found.behaviour is None else found.behaviour.degenerate,
        "recall": main.recall.corners["pp"],
        "false alarms": main.false_alarms.corners["pp"],
        "AUROC": main.auroc.corners["pp"],
        "recall, new threshold": main.recalibrated_recall,
        "best new linear probe, AUROC": _best(audit, linear=True),
        "best new nonlinear probe, AUROC": _best(audit, linear=False),
        "best other layer, AUROC": _best(audit, linear=None),
        "lies owned when asked": None
        if found.self_report is None
        else found.self_report.lies_owned,
        "truths affirmed": None if found.self_report is None else found.self_report.truths_affirmed,
        "KL, nats a token": found.drift.kl,
        "shift of activations": found.drift.activation_shift,
    }
    return {name: value for name, value in numbers.items() if value is not None}


def _best(audit: PressureAudit, linear: bool | None) -> Interval | None:
    if linear is None:
        some = [refit.auroc for refit in audit.measured.refits if not refit.same_layer]
    else:
        some = [r.auroc for r in audit.measured.refits if r.same_layer and r.linear == linear]
    return max(some, key=lambda auroc: auroc.estimate or 0.0, default=None)


def _cell(
    name: str,
    jobs: Sequence[Job],
    states: dict[Path, State],
    audits: dict[Path, PressureAudit],
    spec: OutcomeSpec,
) -> CellResult:
    mine = [audits[job.out] for job in jobs if job.out in audits]
    said = [states[job.out] for job in jobs]
    rows = [_numbers(audit) for audit in mine]
    names = list(dict.fromkeys(key for row in rows for key in row))
    return CellResult(
        summary=summarise(
            name,
            [seed_outcome(audit) for audit in mine],
            spec.level,
            without={"failed": said.count("failed"), "not run": said.count("missing")},
        ),
        planned=len(jobs),
        failed=said.count("failed"),
        missing=said.count("missing"),
        tables=_tables(mine),
        numbers={
            key: _middle([row[key].estimate or 0.0 for row in rows if key in row]) for key in names
        },
        curves=tuple(_curve(load_seed_run(job.out / RUN)) for job in jobs if job.out in audits),
    )


def _tables(audits: Sequence[PressureAudit]) -> tuple[Corners, ...]:
    if not audits:
        return ()
    readings: dict[str, Callable[[PressureAudit], Split | AurocSplit]] = {
        "recall": lambda audit: audit.measured.trained.recall,
        "false alarms": lambda audit: audit.measured.trained.false_alarms,
        "AUROC": lambda audit: audit.measured.trained.auroc,
    }
    tables = []
    for what, read in readings.items():
        of = [read(audit) for audit in audits]
        tables.append(
            Corners(
                what=what,
                corners={
                    corner: _middle([one.corners[corner].estimate or 0.0 for one in of])
                    for corner in ("rr", "rp", "pr", "pp")
                },
                by_text=_middle([one.by_text.estimate or 0.0 for one in of]),
                by_activations=_middle([one.by_activations.estimate or 0.0 for one in of]),
            )
        )
    return tuple(tables)


def _middle(numbers: Sequence[float]) -> Middle:
    return Middle(median=median(numbers), least=min(numbers), most=max(numbers), seeds=len(numbers))


def _curve(run: SeedRun) -> Curve:
    points = run.curves
    series = {
        "task reward": tuple(point.reward for point in points),
        "misbehaved": tuple(point.misbehaved for point in points),
        "flagged": tuple(point.flagged for point in points),
    }
    for name in run.held_out:
        series[name] = tuple(point.held_out[name] for point in points)
    return Curve(
        seed=run.seed,
        steps=tuple(point.step for point in points),
        samples=points[0].samples if points else 0,
        series=series,
    )
