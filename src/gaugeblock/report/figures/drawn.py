"""All figures of a report, drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from markupsafe import Markup

from gaugeblock.report.figures.effects import effect_plot
from gaugeblock.report.figures.forest import ForestRow, forest_plot
from gaugeblock.report.figures.labels import label_bars
from gaugeblock.report.figures.ledger import ledger_bars
from gaugeblock.report.figures.svg import inline_svg
from gaugeblock.report.figures.theme import WIDTHS, Width
from gaugeblock.report.types import Report


class Figures(NamedTuple):
    """The figures as SVG elements, one for each width; "" where there is nothing to draw."""

    labels: Markup
    forest: Markup
    effects: Markup
    ledger: Markup


def draw_figures(report: Report, forest: list[ForestRow]) -> Figures:
    """Return the figures of a report.

    Args:
        report: what to draw.
        forest: the rows of its forest plot.
    """
    return Figures(
        labels=_drawn(
            bool(report.labels),
            lambda width: label_bars(report.labels, width),
            "Share of each behaviour label, overall and by factor. The table below has the counts.",
        ),
        forest=_drawn(
            bool(forest),
            lambda width: forest_plot(forest, width),
            "Rates with their intervals and worst cases. The table below has the numbers.",
        ),
        effects=_drawn(
            bool(report.effects),
            lambda width: effect_plot(report.effects, width),
            "Differences of rates between factor levels. The table below has the numbers.",
        ),
        ledger=Markup(
            inline_svg(
                ledger_bars(report.ledger, "narrow"),
                "Runs that reached each step, from attempted to labelled. The table has them.",
                "narrow",
            )
        ),
    )


def _drawn(there: bool, chart: Callable[[Width], dict[str, Any]], label: str) -> Markup:
    if not there:
        return Markup("")
    return Markup("\n").join(Markup(inline_svg(chart(width), label, width)) for width in WIDTHS)
