"""From runs to grid.json: answers by rule, failed runs in every denominator, numbers recomputed."""

from __future__ import annotations

import json

import pytest
from fake_cells import run_world

from gaugeblock.errors import GaugeblockError, VerificationError
from gaugeblock.pressure.cell_spec import CellSpec, GridSpec
from gaugeblock.pressure.grids.grid_file import Plan, load_plan, shipped_plan
from gaugeblock.pressure.grids.jobs import jobs_of, perform
from gaugeblock.pressure.grids.questions import Questions
from gaugeblock.pressure.grids.result import GridResult
from gaugeblock.pressure.grids.results import GRID, collect, load_grid, verify_grid, write_grid
from gaugeblock.pressure.grids.schedule import PLAN, run_grid
from gaugeblock.pressure.kinds import Pressure

NONE = Pressure(kind="none", through_gradient=False, weight=0)
BLIND = ["shifted", "direction lost", "linearly hidden", "gone", "saturated"]
ASKED = {
    "grid": "by-hand",
    "version": 1,
    "questions": [
        {
            "id": "gradient",
            "question": "Does it hide?",
            "statements": [
                {"id": "blinds", "says": "it blinds", "kind": "share", "cell": "penalty",
                 "axis": "monitor", "classes": BLIND, "limit": 0.5,
                 "before": {"verdict": "no", "told": "0 of 3 seeds"}},
                {"id": "turns", "says": "it turns", "kind": "share", "cell": "penalty",
                 "axis": "monitor", "classes": ["direction lost"], "limit": 0.5},
                {"id": "worse", "says": "it is worse", "kind": "compare", "first": "penalty",
                 "second": "split", "axis": "monitor", "classes": BLIND},
                {"id": "better", "says": "it is better", "kind": "compare", "first": "penalty",
                 "second": "split", "axis": "behaviour", "classes": ["honest"]},
                {"id": "to-blame", "says": "it is to blame", "kind": "blame", "arm": "penalty",
                 "drift": "none", "random_labels": "split"},
                {"id": "linear", "says": "linear", "kind": "share", "cell": "penalty",
                 "axis": "recovered_by", "classes": ["a new threshold"], "limit": 0.5},
                {"id": "by-text", "says": "by text", "kind": "share", "cell": "by-text",
                 "axis": "cause", "classes": ["text"], "limit": 0.5},
                {"id": "exact", "says": "exact", "kind": "fixed-text", "cell": "split"},
                {"id": "inexact", "says": "exact too", "kind": "fixed-text", "cell": "penalty"},
                {"id": "broken", "says": "broken", "kind": "share", "cell": "breaks",
                 "axis": "behaviour", "classes": ["honest"], "limit": 0.5},
                {"id": "absent", "says": "absent", "kind": "share", "cell": "elsewhere",
                 "axis": "behaviour", "classes": ["honest"], "limit": 0.5},
            ],
        }
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    out = tmp_path_factory.mktemp("grid")
    names = ("none", "penalty", "split", "by-text", "breaks")
    plan = Plan(
        grid=GridSpec(
            id="by-hand",
            version=1,
            base_seeds=(0, 1),
            seeds=tuple(range(6)),
            cells=tuple(CellSpec(name=name, pressure=NONE) for name in names),
        ),
        questions=Questions.model_validate(ASKED),
    )
    (out / PLAN).write_text(plan.model_dump_json())
    for job in jobs_of(plan.grid, out):
        perform(job, run_world)
    return out


@pytest.fixture(scope="module")
def found(grid) -> GridResult:
    found = collect(grid)
    write_grid(found, grid)
    return found


def test_the_statements_are_decided_as_the_worlds_were_made(found) -> None:
    said = {one.statement: one for one in found.answers}
    assert {name: one.verdict for name, one in said.items()} == {
        "blinds": "yes",
        "turns": "no",
        "worse": "yes",
        "better": "no",
        "to-blame": "yes",
        "linear": "yes",
        "by-text": "yes",
        "exact": "yes",
        "inexact": "no",
        "broken": "undecided",
    }
    assert found.not_asked == ("absent",)
    assert said["blinds"].contradicts
    assert said["blinds"].before == "no: 0 of 3 seeds"
    assert (said["blinds"].interval.k, said["blinds"].interval.n) == (6, 6)
    assert said["worse"].interval.estimate == 1.0
    assert said["worse"].interval.low > 0
    assert said["worse"].p == pytest.approx(1 / 924)
    assert said["worse"].p_adjusted == pytest.approx(2 / 924)
    assert "monitor lost in 6 of 6 seeds; drift 0 of 6" in said["to-blame"].because


def test_failed_runs_stay_in_every_denominator(found) -> None:
    cell = found.cell("breaks")
    assert (cell.planned, cell.failed, cell.missing, cell.summary.seeds) == (6, 6, 0, 0)
    (failed,) = cell.summary.classes["label"]
    assert (failed.name, failed.rate.k, failed.rate.n) == ("failed", 6, 6)
    errors = [run.error for run in found.runs if run.cell == "breaks"]
    assert len(errors) == 6
    assert all("the loss is not finite" in error for error in errors)
    order = [(run.cell, run.seed) for run in found.runs]
    assert order[:3] == [("none", 0), ("none", 1), ("penalty", 0)]
    assert len(set(order)) == 30
    broken = next(one for one in found.answers if one.statement == "broken")
    assert (broken.interval.low, broken.interval.high) == (0.0, 1.0)
    assert broken.because == "breaks: 0 of 6 seeds, 6 undecided; limit 0.5"
    claim = next(one for one in found.claims if one.id == "gradient/broken")
    assert claim.verdict == "inconclusive"
    assert claim.evidence.ledger.failed == 6
    assert next(d for d in claim.defeaters if d.id == "failed-runs").state == "open"


def test_each_answer_is_a_claim_with_its_defeaters(found) -> None:
    claims = {one.id: one for one in found.claims}
    assert len(claims) == len(found.answers)
    blinds = claims["gradient/blinds"]
    assert (blinds.verdict, blinds.quantifier, blinds.evidence.n) == ("supported", "rate", 6)
    states = {d.id: d.state for d in blinds.defeaters}
    assert states["small-world"] == "open"
    assert states["chosen-afterwards"] == "answered"
    assert states["drift"] == "open"
    blamed = claims["gradient/to-blame"]
    assert {d.id: d.state for d in blamed.defeaters}["drift"] == "answered"
    assert claims["gradient/turns"].verdict == "refuted"


def test_the_2x2_of_a_cell_is_that_of_its_audits(found, grid) -> None:
    recall = found.cell("penalty").tables[0]
    audit = json.loads((grid / "runs/penalty/seed-0/pressure-audit.json").read_text())
    split = audit["measured"]["trained"]["recall"]
    for corner, middle in recall.corners.items():
        assert middle.median == split["corners"][corner]["estimate"]
        assert middle.seeds == 6
    assert recall.by_activations.median == split["by_activations"]["estimate"]
    curve = found.cell("penalty").curves[1]
    assert curve.series["task reward"] == (0.51, 0.61, 0.71, 0.81)
    assert set(curve.series) == {"task reward", "misbehaved", "flagged", "other", "third"}


def test_every_number_is_recomputed_and_a_changed_one_is_named(found, grid) -> None:
    assert verify_grid(grid) == found
    path = grid / GRID
    kept = path.read_bytes()
    changed = json.loads(kept)
    changed["cells"][1]["tables"][0]["corners"]["pp"]["median"] = 0.9
    path.write_text(json.dumps(changed))
    with pytest.raises(VerificationError, match=r"cells\[1\].tables\[0\].corners.pp.median"):
        verify_grid(grid)
    path.write_bytes(kept)
    audit = grid / "runs/penalty/seed-3/pressure-audit.json"
    honest = audit.read_bytes()
    lied = json.loads(honest)
    lied["outcome"]["label"] = "honest"
    audit.write_text(json.dumps(lied))
    with pytest.raises(GaugeblockError, match="not what the numbers in it give"):
        verify_grid(grid)
    audit.write_bytes(honest)
    assert load_grid(path) == found


def test_half_a_grid_can_be_read_and_decides_nothing_it_should_not(grid, tmp_path) -> None:
    plan = Plan.model_validate_json((grid / PLAN).read_bytes())
    (tmp_path / PLAN).write_text(plan.model_dump_json())
    jobs = [job for job in jobs_of(plan.grid, tmp_path) if job.seed < 3]
    for job in jobs:
        perform(job, run_world)
    half = collect(tmp_path)
    assert half.cell("penalty").missing == 3
    assert {one.statement: one.verdict for one in half.answers}["blinds"] == "undecided"
    assert {one.statement: one.verdict for one in half.answers}["inexact"] == "no"


def test_the_shipped_grids_answer_what_they_ask() -> None:
    whole, quick = shipped_plan(), shipped_plan(quick=True)
    names = {cell.name for cell in whole.grid.cells}
    asked = {c for q in whole.questions.questions for s in q.statements for c in s.cells}
    assert asked <= names
    assert len(names) >= 16
    assert len(whole.grid.seeds) == 6
    assert len(whole.grid.base_seeds) == 2
    assert len(quick.grid.cells) == 4
    assert len(quick.grid.seeds) == 3
    cells = {cell.name: cell for cell in whole.grid.cells}
    assert all(cells[cell.name] == cell for cell in quick.grid.cells)
    assert {cell.pressure.kind.value for cell in whole.grid.cells} == {
        "none",
        "live-reward",
        "frozen-copy-reward",
        "differentiable-penalty",
        "preference-labels",
        "screening",
        "retry-selection",
        "cot-monitor-reward",
    }


FROZEN = {
    "honeypot 1": "62bbe943531fe24598080d265d67e8343509604b6a2d7f61092d6b45574fc309",
    "honeypot-quick 1": "e8606cdb2dcc4c2cbb9b45cf431baed6f5a73e2099613fd70cc7f74e2bf7d7cd",
    "questions 1": "c5a3b28d89e45f4ca9194b8c02851d3225f4123fda96b2cea9a127f712961b0e",
}
"""Version to SHA-256 of what was committed before any run. Never edit an entry; add one."""


def test_what_was_registered_stays_as_it_was() -> None:
    import hashlib

    whole, quick = shipped_plan(), shipped_plan(quick=True)
    now = {
        f"{plan.grid.id} {plan.grid.version}": hashlib.sha256(
            plan.grid.model_dump_json().encode()
        ).hexdigest()
        for plan in (whole, quick)
    }
    now[f"questions {whole.questions.version}"] = whole.questions.sha256
    for name, digest in now.items():
        assert FROZEN[name] == digest, f"{name} is frozen: a change needs a new version"


def test_a_grid_of_ones_own_brings_its_questions(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "id: mine\nversion: 1\nbase_seeds: [0]\nseeds: [0]\ncells:\n"
        "  - {name: a, pressure: {kind: none, through_gradient: false}}\n"
    )
    assert load_plan(path).questions is None
    (tmp_path / "mine-questions.yaml").write_text("grid: mine\nversion: 1\nquestions: []\n")
    assert load_plan(path).questions.grid == "mine"
    path.write_text(path.read_text().replace("false}", "false, refresh: {on: own-flags}}"))
    with pytest.raises(GaugeblockError, match='Quote "on"'):
        load_plan(path)
    path.write_text("cells: 3")
    with pytest.raises(GaugeblockError, match="not a grid"):
        load_plan(path)


def test_a_grid_runs_end_to_end_without_questions(tmp_path) -> None:
    cells = (CellSpec(name="none", pressure=NONE),)
    plan = Plan(
        grid=GridSpec(id="x", version=1, base_seeds=(0,), seeds=(0,), cells=cells), questions=None
    )
    run_grid(plan, tmp_path, run_world)
    found = collect(tmp_path)
    assert (found.answers, found.claims, found.not_asked) == ((), (), ())
