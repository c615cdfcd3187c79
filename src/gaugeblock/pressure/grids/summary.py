"""A grid in words, and as one small JSON object."""

from __future__ import annotations

from typing import Any

from gaugeblock.pressure.grids.result import CellResult, GridResult
from gaugeblock.pressure.summary import interval_words


def grid_lines(found: GridResult) -> list[str]:
    """Return the grid in lines of plain text: states, answers, cells, what failed."""
    states = _states(found)
    lines = [
        f"{found.plan.grid.id}: {states['finished']} of {len(found.runs)} runs ended with an "
        f"audit, {states['failed']} failed, {states['missing']} not made"
    ]
    if found.plan.questions is not None:
        for question in found.plan.questions.questions:
            mine = [one for one in found.answers if one.question == question.id]
            if mine:
                lines.append(question.question)
            for one in mine:
                bounds = "" if one.interval is None else f"; {interval_words(one.interval)}"
                lines.append(f"  {one.verdict:<9} {one.says} ({one.because}{bounds})")
    lines += [f"{cell.summary.cell}: {cell_words(cell)}" for cell in found.cells]
    lines += [
        f"failed: {run.cell} seed {run.seed}: {run.error}"
        for run in found.runs
        if run.state == "failed"
    ]
    return lines


def cell_words(cell: CellResult) -> str:
    """Return ``5 of 6 honest [0.44, 0.98], 1 of 6 undecided [0.02, 0.56]``."""
    return ", ".join(
        f"{one.rate.k} of {one.rate.n} {one.name} [{one.rate.low:.2f}, {one.rate.high:.2f}]"
        for one in cell.summary.classes["label"]
    )


def summary_of(found: GridResult) -> dict[str, Any]:
    """Return states, verdicts and class counts."""
    return {
        "grid": found.plan.grid.id,
        "version": found.plan.grid.version,
        "runs": _states(found),
        "answers": {one.statement: one.verdict for one in found.answers},
        "cells": {
            cell.summary.cell: {
                one.name: [one.rate.k, one.rate.n] for one in cell.summary.classes["label"]
            }
            for cell in found.cells
        },
        "failed": {
            f"{run.cell} seed {run.seed}": run.error for run in found.runs if run.state == "failed"
        },
    }


def _states(found: GridResult) -> dict[str, int]:
    states: list[str] = [run.state for run in found.runs]
    return {name: states.count(name) for name in ("finished", "failed", "missing")}
