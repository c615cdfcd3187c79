"""The distribution of behaviour labels, overall and by factor, as bars of shares."""

from __future__ import annotations

from typing import Any

import altair as alt

from gaugeblock.report import words
from gaugeblock.report.figures.palette import in_order, label_colours
from gaugeblock.report.figures.rows import Column, Member, lay_out, pixel_y
from gaugeblock.report.figures.theme import Width, configured, rows_data
from gaugeblock.report.types import LabelRow
from gaugeblock.report.visible import visible_name


def shown_labels(rows: tuple[LabelRow, ...]) -> list[str]:
    """Return the labels that occur, in the order of their families."""
    return in_order({label for row in rows for label, count in row.counts.items() if count})


def label_bars(label_rows: tuple[LabelRow, ...], width: Width) -> dict[str, Any]:
    """Return the Vega-Lite specification of the label distribution.

    Args:
        label_rows: counts by label; rows of one factor share a heading.
        width: for a page or for a telephone.
    """
    factors = list(dict.fromkeys(row.factor for row in label_rows))
    ordered = [row for factor in factors for row in label_rows if row.factor == factor]
    rows = lay_out([(_heading(f), _members(f, ordered)) for f in factors], width, (Column("", 60),))
    colours = label_colours(shown_labels(label_rows))
    bars: list[dict[str, Any]] = []
    for y, row in zip(rows.marks, ordered, strict=True):
        total = sum(row.counts.values())
        start = 0.0
        for label, colour in colours.items():
            share = row.counts.get(label, 0) / total if total else 0.0
            if share:
                bars.append(
                    {
                        "from": start,
                        "to": start + share,
                        "top": y - rows.half,
                        "bottom": y + rows.half,
                        "colour": colour,
                    }
                )
            start += share
    marks = (
        alt.Chart(rows_data(bars))
        .mark_rect(stroke="white", strokeWidth=1)
        .encode(
            x=alt.X(
                "from:Q",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".0%", title=None, tickCount=5, grid=True, labelFlush=False),
            ),
            x2="to:Q",
            y=pixel_y(rows.height, "top"),
            y2="bottom:Q",
            color=alt.Color("colour:N", scale=None),
        )
    )
    chart = alt.layer(marks, *rows.texts).properties(width=rows.plot, height=rows.height)
    return configured(chart)


def _heading(factor: str) -> str:
    return "" if factor == "all" else visible_name(words.spoken(factor)).capitalize()


def _members(factor: str, ordered: list[LabelRow]) -> list[Member]:
    return [
        Member(
            "all runs" if row.level == "all" else visible_name(words.spoken(row.level)),
            (words.count(sum(row.counts.values()), "run"),),
        )
        for row in ordered
        if row.factor == factor
    ]
