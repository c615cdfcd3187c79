"""Grids and their questions as files: the shipped ones, or one's own."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from gaugeblock.frozen import Record
from gaugeblock.pressure.cell_spec import GridSpec
from gaugeblock.pressure.grids.questions import Questions
from gaugeblock.pressure.yaml_file import record_of, text_of

SHIPPED = "honeypot"
QUICK = "honeypot-quick"
QUESTIONS = "-questions.yaml"
"""What the file of questions beside GRID.yaml ends in: GRID-questions.yaml."""

A_GRID = "a grid"
ASKED = "questions of a grid"


class Plan(Record):
    """What a directory of runs is for, written before the first of them.

    Attributes:
        grid: the cells and seeds.
        questions: what they are to answer; None where nothing was asked beforehand.
    """

    grid: GridSpec
    questions: Questions | None


def shipped_plan(quick: bool = False) -> Plan:
    """Return the shipped grid, or its quick form, with the questions of the whole."""
    files = resources.files(__package__)
    name = QUICK if quick else SHIPPED
    grid = files.joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    asked = files.joinpath(SHIPPED + QUESTIONS).read_text(encoding="utf-8")
    return Plan(
        grid=record_of(GridSpec, grid, A_GRID, f"{name}.yaml"),
        questions=record_of(Questions, asked, ASKED, SHIPPED + QUESTIONS),
    )


def load_plan(path: Path, questions: Path | None = None) -> Plan:
    """Return the grid of a file of one's own, and the questions beside it if there are any.

    Args:
        path: YAML of a ``GridSpec``.
        questions: YAML of ``Questions``; None for GRID-questions.yaml beside GRID.yaml.

    Raises:
        GaugeblockError: no such file, or not such a record.
    """
    beside = path.with_name(path.stem + QUESTIONS)
    asked = questions or (beside if beside.is_file() else None)
    return Plan(
        grid=record_of(GridSpec, text_of(path), A_GRID, path),
        questions=None if asked is None else record_of(Questions, text_of(asked), ASKED, asked),
    )


def what_changed(old: Plan, new: Plan) -> list[str]:
    """Return what differs between two plans, in words; empty where nothing does."""
    said = []
    before, after = old.grid, new.grid
    for field in ("id", "version", "base_seeds", "seeds"):
        was, now = getattr(before, field), getattr(after, field)
        if was != now:
            said.append(f"{field} was {_short(was)}, is {_short(now)}")
    was_cells = {cell.name: cell for cell in before.cells}
    now_cells = {cell.name: cell for cell in after.cells}
    said += [f"cell {name} is new" for name in now_cells if name not in was_cells]
    for name, cell in was_cells.items():
        if name not in now_cells:
            said.append(f"cell {name} is gone")
            continue
        other = now_cells[name]
        fields = [f for f in type(cell).model_fields if getattr(cell, f) != getattr(other, f)]
        if fields:
            said.append(f"cell {name} has another {', '.join(fields)}")
    if old.questions != new.questions:
        said.append("the questions are others")
    if not said and old != new:
        said.append("the order of the cells is another")
    return said


def _short(value: object) -> str:
    return str(list(value)) if isinstance(value, tuple) else str(value)
