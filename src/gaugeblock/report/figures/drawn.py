"""All figures of a report, drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from markupsafe import Markup

from gaugeblock.report.figures.effects import effect_plot
from gaugeblock.report.figures.forest import forest_plot
from gaugeblock.report.figures.labels import label_bars
from gaugeblock.report.figures.ledger import ledger_bars
from gaugeblock.report.figures.svg import inline_svg
from gaugeblock.report.figures.theme import WIDTHS, Width
from gaugeblock.report.types import Report


class Figures(NamedTuple):
    """The figures as SVG elements, each in both widths; "" where there is nothing to draw."""

    labels: Markup
    forest: Markup
    effects: Markup
    ledger: Markup


def draw_figures(report: Report) -> Figures:
    """Return the figures of a report."""
    return Figures(
        labels=_drawn(
            bool(report.labels),
            lambda width: label_bars(report.labels, width),
            "Share of each behaviour label, overall and by factor. The table below has the counts.",
        ),
        forest=_drawn(
            bool(report.rates),
            lambda width: forest_plot(report.rates, tolerated_rates(report), width),
            "Rates with their intervals and worst cases. The table below has the numbers.",
        ),
        effects=_drawn(
            bool(report.effects),
            lambda width: effect_plot(report.effects, width),
            "Differences of rates between factor levels. The table below has the numbers.",
        ),
        ledger=_drawn(
            True,
            lambda width: ledger_bars(report.ledger, width),
            "Runs that reached each step, from attempted to labelled. The table has the numbers.",
        ),
    )


def tolerated_rates(report: Report) -> list[float]:
    """Return the tolerated rates of the claims about rates, each once, ascending."""
    return sorted({claim.tolerated for claim in report.claims if claim.quantifier == "rate"})


def _drawn(there: bool, chart: Callable[[Width], dict[str, Any]], label: str) -> Markup:
    if not there:
        return Markup("")
    return Markup("\n").join(Markup(inline_svg(chart(width), label, width)) for width in WIDTHS)
