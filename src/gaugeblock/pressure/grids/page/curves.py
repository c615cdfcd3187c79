"""Learning curves of a cell: one panel per number, one line per seed."""

from __future__ import annotations

from typing import Any

import altair as alt

from gaugeblock.pressure.grids.result import CellResult
from gaugeblock.report.figures.theme import (
    GRID,
    INK,
    INTERVAL,
    SIZE,
    THRESHOLD,
    WORST_CASE,
    Width,
    configured,
)

LINES = (INTERVAL, THRESHOLD, WORST_CASE)
"""Colour of a line by its reference; more references than colours take them in turn."""

_COLUMNS: dict[Width, int] = {"wide": 3, "narrow": 1}
_PANEL: dict[Width, int] = {"wide": 250, "narrow": 280}


def learning_curves(cell: CellResult, bases: dict[int, int], width: Width) -> dict[str, Any]:
    """Return the Vega-Lite specification of a cell's learning curves.

    Args:
        cell: with at least one curve.
        bases: seed of the training to the place of its reference among the references.
        width: for a page or for a telephone.
    """
    panels = [_panel(cell, name, bases, _PANEL[width]) for name in cell.curves[0].series]
    chart = alt.concat(*panels, columns=_COLUMNS[width], spacing=24)
    return configured(chart)


def _panel(cell: CellResult, name: str, bases: dict[int, int], width: int) -> Any:
    title = name if name in ("task reward", "misbehaved", "flagged") else f"flagged by {name}"
    lines = [
        {"step": step, "at": at, "seed": one.seed, "colour": LINES[bases[one.seed] % len(LINES)]}
        for one in cell.curves
        for step, at in zip(one.steps, one.series[name], strict=True)
    ]
    numbers = [at for one in cell.curves for at in one.series[name]]
    low, top = min([0.0, *numbers]), max([1.0, *numbers])
    return (
        alt.Chart(alt.Data(values=lines))
        .mark_line(strokeWidth=1.5, opacity=0.85)
        .encode(
            x=alt.X("step:Q", axis=alt.Axis(title=None, tickCount=4, grid=False)),
            y=alt.Y(
                "at:Q",
                scale=alt.Scale(domain=[low, top]),
                axis=alt.Axis(title=None, tickCount=3, grid=True, gridColor=GRID),
            ),
            detail="seed:N",
            color=alt.Color("colour:N", scale=None),
        )
        .properties(
            width=width,
            height=90,
            title=alt.TitleParams(
                title, anchor="start", fontSize=SIZE, fontWeight=400, color=INK, offset=6
            ),
        )
    )
