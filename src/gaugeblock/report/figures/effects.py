"""The effects of factors: how much a level moves a rate, with its interval."""

from __future__ import annotations

import math
from typing import Any

import altair as alt

from gaugeblock.report.figures.marks import estimate_dot, interval_bar
from gaugeblock.report.figures.rows import Column, Member, lay_out, pixel_y
from gaugeblock.report.figures.theme import MUTED, Width, configured, rows_data
from gaugeblock.report.types import EffectRow
from gaugeblock.report.visible import visible_name
from gaugeblock.report.words import difference_limits, points, spoken

_COLUMNS = (Column("k/n vs k/n", 110), Column("points", 60), Column("interval", 100))


def effect_name(row: EffectRow) -> str:
    """Return which levels of which factor are compared: ``nudge: bold vs none``."""
    return f"{spoken(row.factor)}: {spoken(row.level_b)} vs {spoken(row.level_a)}"


def effect_plot(effects: tuple[EffectRow, ...], width: Width) -> dict[str, Any]:
    """Return the Vega-Lite specification of the effects, for a page or for a telephone."""
    outcomes = list(dict.fromkeys(row.outcome for row in effects))
    ordered = [row for outcome in outcomes for row in effects if row.outcome == outcome]
    groups = [
        (
            visible_name(spoken(outcome)).capitalize(),
            [
                Member(visible_name(effect_name(r)), _numbers(r))
                for r in ordered
                if r.outcome == outcome
            ],
        )
        for outcome in outcomes
    ]
    rows = lay_out(groups, width, _COLUMNS)
    reach = _axis_end(effects)
    marks = [
        {"y": y, "at": r.difference, "low": r.interval.low, "high": r.interval.high}
        for y, r in zip(rows.marks, ordered, strict=True)
    ]
    scale = alt.Scale(domain=[-reach, reach])
    base = alt.Chart(rows_data(marks)).encode(y=pixel_y(rows.height))
    axis = alt.Axis(
        title=None,
        values=[-reach, -reach / 2, 0, reach / 2, reach],
        grid=True,
        labelFlush=False,
        labelExpr="(datum.value > 0 ? '+' : '') + format(datum.value * 100, '.0f')",
    )
    layers = [
        alt.Chart(rows_data([{"at": 0.0}]))
        .mark_rule(color=MUTED, strokeWidth=1)
        .encode(x=alt.X("at:Q", scale=scale, axis=axis)),
        interval_bar(base).encode(x=alt.X("low:Q", scale=scale), x2="high:Q"),
        estimate_dot(base).encode(x=alt.X("at:Q", scale=scale)),
    ]
    chart = alt.layer(*layers, *rows.texts).properties(width=rows.plot, height=rows.height)
    return configured(chart)


def _axis_end(effects: tuple[EffectRow, ...]) -> float:
    widest = max((max(-r.interval.low, r.interval.high) for r in effects), default=1.0)
    return min(1.0, math.ceil(widest * 5) / 5) or 1.0


def _numbers(row: EffectRow) -> tuple[str, ...]:
    compared = f"{row.k_b:,}/{row.n_b:,} vs {row.k_a:,}/{row.n_a:,}"
    return compared, points(row.difference), difference_limits(row.interval)
