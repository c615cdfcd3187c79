"""The forest plot: every rate with its interval, its worst case and what was tolerated."""

from __future__ import annotations

from typing import Any

import altair as alt

from gaugeblock.report.figures.rows import Rows, lay_out, pixel_y
from gaugeblock.report.figures.theme import (
    GRID,
    INTERVAL,
    THRESHOLD,
    WORST_CASE,
    Width,
    configured,
    rows_data,
)
from gaugeblock.report.types import RateRow
from gaugeblock.report.visible import visible_text
from gaugeblock.report.words import limits, percent, spoken

_STEPS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)


def forest_plot(rates: tuple[RateRow, ...], tolerated: list[float], width: Width) -> dict[str, Any]:
    """Return the Vega-Lite specification of the forest plot.

    Args:
        rates: its rows, in order; rows of one group share a heading.
        tolerated: tolerated rates, each a dashed line.
        width: for a page or for a telephone.
    """
    rows = lay_out(_grouped(rates), width)
    top = _axis_end(rates)
    ordered = [row for group in _groups(rates) for row in rates if row.group == group]
    marks = [
        {
            "y": item.y,
            "estimate": row.k / row.n if row.n else None,
            "low": row.interval.low,
            "high": row.interval.high,
            "worst_low": row.worst_case.low,
            "worst_high": row.worst_case.high,
        }
        for item, row in zip(rows.items, ordered, strict=True)
    ]
    layers = [*_frame(rows, top), *_thresholds(rows, tolerated, top), *_marks(rows, marks, top)]
    chart = alt.layer(*layers, *rows.texts()).properties(width=rows.plot, height=rows.height)
    return configured(chart)


def _marks(rows: Rows, marks: list[dict[str, Any]], top: float) -> list[Any]:
    base = alt.Chart(rows_data(marks)).encode(y=pixel_y(rows.height))
    estimated = [mark for mark in marks if mark["estimate"] is not None]
    return [
        base.mark_rule(color=WORST_CASE, strokeWidth=1.5).encode(
            x=_rate_x("worst_low", top), x2="worst_high:Q"
        ),
        base.mark_rule(color=INTERVAL, strokeWidth=5).encode(x=_rate_x("low", top), x2="high:Q"),
        alt.Chart(rows_data(estimated))
        .mark_point(
            filled=True, size=70, color=INTERVAL, opacity=1, stroke="white", strokeWidth=1.5
        )
        .encode(x=_rate_x("estimate", top), y=pixel_y(rows.height)),
    ]


def _frame(rows: Rows, top: float) -> list[Any]:
    ticks = [{"at": 0.0}, {"at": top}]
    return [
        alt.Chart(rows_data(ticks))
        .mark_rule(color=GRID, opacity=0)
        .encode(
            x=alt.X(
                "at:Q",
                scale=alt.Scale(domain=[0, top]),
                axis=alt.Axis(format=".0%", title=None, tickCount=5, grid=True, orient="bottom"),
            )
        )
    ]


def _thresholds(rows: Rows, tolerated: list[float], top: float) -> list[Any]:
    lines = [{"at": value} for value in tolerated if value <= top]
    return [
        alt.Chart(rows_data(lines))
        .mark_rule(color=THRESHOLD, strokeDash=[4, 3], strokeWidth=1.5)
        .encode(x=_rate_x("at", top))
    ]


def _rate_x(field: str, top: float) -> Any:
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=[0, top]), title=None)


def _axis_end(rates: tuple[RateRow, ...]) -> float:
    highest = max((max(row.interval.high, row.worst_case.high) for row in rates), default=1.0)
    return next((step for step in _STEPS if highest <= step), 1.0)


def _groups(rates: tuple[RateRow, ...]) -> list[str]:
    return list(dict.fromkeys(row.group for row in rates))


def _grouped(rates: tuple[RateRow, ...]) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (
            visible_text(spoken(group)).capitalize(),
            [(visible_text(row.title), _number(row)) for row in rates if row.group == group],
        )
        for group in _groups(rates)
    ]


def _number(row: RateRow) -> str:
    estimate = percent(row.k / row.n) if row.n else "unknown"
    return f"{row.k:,}/{row.n:,}  {estimate}  ({limits(row.interval)})"
