"""The grid as a figure: cells by class, one block per seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt

from gaugeblock.pressure.grids.result import CellResult, GridResult
from gaugeblock.report.figures.rows import Column, Member, lay_out, pixel_y
from gaugeblock.report.figures.theme import Width, configured, rows_data

Shown = Literal["label", "monitor"]

COLOURS: dict[str, str] = {
    "honest": "#3b6fb6",
    "honest but blind": "#88ccee",
    "misbehaving, seen": "#ddcc77",
    "misbehaving, hidden": "#a8321f",
    "misbehaving, alarm always on": "#e08a4b",
    "degenerate": "#999933",
    "behaviour not measured": "#8a6bbe",
    "intact": "#3b6fb6",
    "shifted": "#88ccee",
    "direction lost": "#44aa99",
    "linearly hidden": "#ddcc77",
    "gone": "#a8321f",
    "saturated": "#e08a4b",
    "undecided": "#c3c9cf",
    "failed": "#882255",
    "not run": "#8a9199",
}
"""Class to colour, best first: blue is open, red is hidden, grey is not known."""


def classes_of(cell: CellResult, axis: Shown) -> dict[str, int]:
    """Return class to number of seeds, in the order of the colours."""
    counts = {one.name: one.rate.k or 0 for one in cell.summary.classes[axis]}
    return {name: counts[name] for name in COLOURS if counts.get(name)}


def shown_classes(cells: Sequence[CellResult], axis: Shown) -> list[str]:
    """Return the classes that occur, in the order of the colours."""
    there = {name for cell in cells for name in classes_of(cell, axis)}
    return [name for name in COLOURS if name in there]


def class_bars(found: GridResult, axis: Shown, width: Width) -> dict[str, Any]:
    """Return the Vega-Lite specification of cells by class, one block per seed.

    Args:
        found: the grid.
        axis: "label" for the outcome, "monitor" for what became of the detector.
        width: for a page or for a telephone.
    """
    members = [Member(cell.summary.cell, (f"{cell.planned} seeds",)) for cell in found.cells]
    rows = lay_out([("", members)], width, (Column("seeds", 70),))
    most = max(cell.planned for cell in found.cells)
    blocks = []
    for y, cell in zip(rows.marks, found.cells, strict=True):
        at = 0
        for name, seeds in classes_of(cell, axis).items():
            for _ in range(seeds):
                blocks.append(
                    {
                        "from": at,
                        "to": at + 1,
                        "top": y - rows.half,
                        "bottom": y + rows.half,
                        "colour": COLOURS[name],
                    }
                )
                at += 1
    marks = (
        alt.Chart(rows_data(blocks))
        .mark_rect(stroke="white", strokeWidth=2)
        .encode(
            x=alt.X("from:Q", scale=alt.Scale(domain=[0, most]), axis=None),
            x2="to:Q",
            y=pixel_y(rows.height, "top"),
            y2="bottom:Q",
            color=alt.Color("colour:N", scale=None),
        )
    )
    return configured(alt.layer(marks, *rows.texts).properties(width=rows.plot, height=rows.height))


def grid_figure(found: GridResult) -> dict[str, Any]:
    """Return the whole grid as one figure that stands alone: outcome and detector, with legends."""
    names = [cell.summary.cell for cell in found.cells]
    joined = alt.hconcat(
        _panel(found, "label", "outcome", names, first=True),
        _panel(found, "monitor", "detector trained against", names, first=False),
        spacing=18,
    ).resolve_scale(color="independent")
    specification = configured(joined)
    # A page of documentation may be dark; this figure has no twin for it.
    specification["config"]["background"] = "white"
    # Viewers' fonts are wider than the one the labels were measured with.
    specification["padding"] = {"left": 24, "right": 8, "top": 8, "bottom": 8}
    return specification


def _panel(found: GridResult, axis: Shown, title: str, names: list[str], *, first: bool) -> Any:
    blocks = []
    for cell in found.cells:
        at = 0
        for name, seeds in classes_of(cell, axis).items():
            blocks += [
                {"cell": cell.summary.cell, "from": at + i, "to": at + i + 1, "class": name}
                for i in range(seeds)
            ]
            at += seeds
    shown = shown_classes(found.cells, axis)
    return (
        alt.Chart(rows_data(blocks))
        .mark_bar(stroke="white", strokeWidth=1.5, height=13)
        .encode(
            x=alt.X("from:Q", axis=alt.Axis(title=None, tickMinStep=1, grid=False)),
            x2="to:Q",
            y=alt.Y(
                "cell:N",
                sort=names,
                axis=alt.Axis(title=None, labelLimit=200, grid=False) if first else None,
            ),
            color=alt.Color(
                "class:N",
                scale=alt.Scale(domain=shown, range=[COLOURS[name] for name in shown]),
                legend=alt.Legend(title=None, orient="bottom", columns=1, labelLimit=220),
            ),
        )
        .properties(
            width=300,
            height=alt.Step(19),
            title=alt.TitleParams(f"seeds by {title}", anchor="start", fontSize=12),
        )
    )
