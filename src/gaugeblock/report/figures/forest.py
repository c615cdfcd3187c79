"""The forest plot: every rate with its interval, its worst case and what was tolerated."""

from __future__ import annotations

from typing import Any, NamedTuple

import altair as alt

from gaugeblock.report.figures.marks import estimate_dot, interval_bar
from gaugeblock.report.figures.rows import Column, Member, Rows, lay_out, pixel_y
from gaugeblock.report.figures.theme import (
    GRID,
    THRESHOLD,
    WORST_CASE,
    Width,
    configured,
    rows_data,
)
from gaugeblock.report.types import RateRow, Report
from gaugeblock.report.visible import visible_name
from gaugeblock.report.words import limits, percent, spoken
from gaugeblock.stats import Interval

CLAIMS_GROUP = "what the verdicts rest on"

_AXIS_ENDS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
_COLUMNS = (Column("k/n", 80), Column("rate", 56), Column("interval", 92))


class ForestRow(NamedTuple):
    """A row of the forest plot: a rate, and what the claim that rests on it tolerates."""

    group: str
    title: str
    k: int
    n: int
    interval: Interval
    worst_case: Interval
    tolerated: float | None


def forest_rows(report: Report) -> list[ForestRow]:
    """Return the rows: the claims that have evidence, then the rates by group."""
    claims = [
        ForestRow(
            CLAIMS_GROUP,
            claim.id,
            claim.evidence.k,
            claim.evidence.n,
            claim.evidence.interval,
            claim.evidence.worst_case,
            claim.tolerated if claim.tolerated > 0 else claim.rule_out,
        )
        for claim in report.claims
        if claim.evidence is not None
    ]
    groups = list(dict.fromkeys(row.group for row in report.rates))
    rates = [
        ForestRow(_heading(row), row.title, row.k, row.n, row.interval, row.worst_case, None)
        for group in groups
        for row in report.rates
        if row.group == group
    ]
    return claims + rates


def forest_plot(forest: list[ForestRow], width: Width) -> dict[str, Any]:
    """Return the Vega-Lite specification of the forest plot, for a page or for a telephone."""
    rows = lay_out(_groups(forest), width, _COLUMNS)
    end = _axis_end(forest)
    layers = [_frame(end), *_marks(rows, forest, end)]
    chart = alt.layer(*layers, *rows.texts).properties(width=rows.plot, height=rows.height)
    return configured(chart)


def _marks(rows: Rows, forest: list[ForestRow], end: float) -> list[Any]:
    places = rows.marks
    spans = [
        {
            "y": y,
            "low": row.interval.low,
            "high": row.interval.high,
            "worst_low": row.worst_case.low,
            "worst_high": row.worst_case.high,
        }
        for y, row in zip(places, forest, strict=True)
    ]
    estimates = [
        {"y": y, "at": row.k / row.n} for y, row in zip(places, forest, strict=True) if row.n
    ]
    tolerated = [
        {"at": row.tolerated, "top": y - 9, "bottom": y + 9}
        for y, row in zip(places, forest, strict=True)
        if row.tolerated is not None
    ]
    y = pixel_y(rows.height)
    base = alt.Chart(rows_data(spans))
    return [
        base.mark_rule(color=WORST_CASE, strokeWidth=1.5).encode(
            x=_rate_x("worst_low", end), x2="worst_high:Q", y=y
        ),
        interval_bar(base).encode(x=_rate_x("low", end), x2="high:Q", y=y),
        estimate_dot(alt.Chart(rows_data(estimates))).encode(x=_rate_x("at", end), y=y),
        alt.Chart(rows_data(tolerated))
        .mark_rule(color=THRESHOLD, strokeWidth=2)
        .encode(x=_rate_x("at", end), y=pixel_y(rows.height, "top"), y2="bottom:Q"),
    ]


def _frame(end: float) -> Any:
    axis = alt.Axis(format=".0%", title=None, tickCount=5, grid=True, labelFlush=False)
    return (
        alt.Chart(rows_data([{"at": 0.0}]))
        .mark_rule(color=GRID)
        .encode(x=alt.X("at:Q", scale=alt.Scale(domain=[0, end]), axis=axis))
    )


def _rate_x(field: str, end: float) -> Any:
    return alt.X(f"{field}:Q", scale=alt.Scale(domain=[0, end]), title=None)


def _axis_end(forest: list[ForestRow]) -> float:
    highest = max(max(row.interval.high, row.worst_case.high) for row in forest)
    return next((end for end in _AXIS_ENDS if highest <= end), 1.0)


def _heading(row: RateRow) -> str:
    """Return the heading of a rate: ``subversion by severity`` for one level of a factor."""
    outcome, level, _ = row.id.partition("/")
    return f"{outcome} by {row.group}" if level else row.group


def _groups(forest: list[ForestRow]) -> list[tuple[str, list[Member]]]:
    groups: dict[str, list[Member]] = {}
    for row in forest:
        groups.setdefault(row.group, []).append(
            Member(visible_name(spoken(row.title)), _numbers(row))
        )
    return [(visible_name(spoken(name)).capitalize(), rows) for name, rows in groups.items()]


def _numbers(row: ForestRow) -> tuple[str, ...]:
    estimate = percent(row.k / row.n) if row.n else "unknown"
    return f"{row.k:,}/{row.n:,}", estimate, limits(row.interval)
