"""The figures of a certificate: readings as dots with their limits, and the dose-response."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from gaugeblock.certify import Reading
from gaugeblock.report.figures.marks import estimate_dot, interval_bar
from gaugeblock.report.figures.theme import (
    INK,
    INTERVAL,
    MUTED,
    SIZE,
    THRESHOLD,
    Width,
    configured,
    rows_data,
)
from gaugeblock.report.visible import visible_name

_PLOT: dict[Width, int] = {"wide": 520, "narrow": 150}
_ROW = 22


def dot_plot(readings: Sequence[Reading], at: float, width: Width) -> dict[str, Any]:
    """Return the Vega-Lite specification of AUROCs with their limits, in the order given.

    Args:
        readings: with value and interval, worst first.
        at: where a line stands for chance.
        width: of the page.
    """
    rows = [
        {
            "name": visible_name(_row_name(r.name), 42 if width == "wide" else 22),
            "row": i,
            "at": r.value,
            "low": r.interval.low,
            "high": r.interval.high,
            "n": f"{r.value:.3f}" + (f"  (n {r.n})" if width == "wide" else ""),
        }
        for i, r in enumerate(readings)
        if r.interval is not None
    ]
    height = _ROW * len(rows)
    scale = alt.Scale(domain=[0, 1])
    y = alt.Y("row:Q", axis=None, scale=alt.Scale(domain=[len(rows) - 0.5, -0.5], nice=False))
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axis = alt.Axis(title=None, values=ticks, format=".2~f", grid=True, labelFlush=False)
    base = alt.Chart(rows_data(rows)).encode(y=y)
    names = base.mark_text(align="right", dx=-8, color=INK, fontSize=SIZE).encode(
        x=alt.value(0), text="name:N"
    )
    numbers = base.mark_text(align="left", dx=8, color=MUTED, fontSize=SIZE).encode(
        x=alt.value(_PLOT[width]), text="n:N"
    )
    layers = [
        alt.Chart(rows_data([{"at": at}]))
        .mark_rule(color=THRESHOLD, strokeWidth=1)
        .encode(x=alt.X("at:Q", scale=scale, axis=axis)),
        interval_bar(base).encode(x=alt.X("low:Q", scale=scale), x2="high:Q"),
        estimate_dot(base).encode(x=alt.X("at:Q", scale=scale)),
        names,
        numbers,
    ]
    chart = configured(alt.layer(*layers).properties(width=_PLOT[width], height=height))
    # The page's font is wider than the one the texts were measured in.
    return {**chart, "padding": {"left": 36, "right": 48, "top": 2, "bottom": 2}}


def _row_name(name: str) -> str:
    return name.replace("positives against: ", "lookalike: ")


def dose_plot(readings: Sequence[Reading], random: float, width: Width) -> dict[str, Any]:
    """Return the Vega-Lite specification of the output's shift by dose.

    Args:
        readings: those named "output at dose ...".
        random: steepest slope of any random direction, drawn as the lines it would give.
        width: of the page.
    """
    points = [
        {
            "dose": float(r.name.rsplit(" ", 1)[1]),
            "at": r.value,
            "low": r.interval.low,
            "high": r.interval.high,
        }
        for r in readings
        if r.interval is not None
    ]
    points.append({"dose": 0.0, "at": 0.0, "low": 0.0, "high": 0.0})
    points.sort(key=lambda p: p["dose"] or 0.0)
    ends = [points[0]["dose"] or 0.0, points[-1]["dose"] or 0.0]
    lines = [
        {"dose": end, "at": sign * random * end, "which": str(sign)}
        for sign in (-1, 1)
        for end in ends
    ]
    x = alt.X("dose:Q", axis=alt.Axis(title=None, values=[p["dose"] for p in points], grid=False))
    y_axis = alt.Axis(title=None, grid=True, tickCount=5)
    chart = alt.layer(
        alt.Chart(rows_data(lines))
        .mark_line(color=THRESHOLD, strokeWidth=1, strokeDash=[4, 3])
        .encode(x=x, y=alt.Y("at:Q", axis=y_axis), detail="which:N"),
        alt.Chart(rows_data(points)).mark_line(color=INTERVAL, strokeWidth=2).encode(x=x, y="at:Q"),
        interval_bar(alt.Chart(rows_data(points))).encode(x=x, y="low:Q", y2="high:Q"),
    )
    wide = width == "wide"
    return configured(chart.properties(width=520 if wide else 260, height=200))
