"""What every figure shares: colours, type and the frame of a chart.

Each colour of a figure is one of those below, and ``report.css`` gives each a twin for dark
screens by its value, so that a figure follows the page without being drawn twice. The hues of
the labels are Paul Tol's "muted" scheme, which stays apart under the common colour deficiencies
(Tol 2021, SRON/EPS/TN/09-002, issue 3.2).
"""

from __future__ import annotations

from typing import Any, Literal

import altair as alt

Width = Literal["wide", "narrow"]
WIDTHS: tuple[Width, ...] = ("wide", "narrow")

INK = "#1c2126"
MUTED = "#5a646e"
GRID = "#dde1e5"
INTERVAL = "#22577a"
WORST_CASE = "#8fa9ba"
THRESHOLD = "#a8431f"
FAILED = "#b3563a"

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif"
SIZE = 12

PIXELS: dict[Width, int] = {"wide": 920, "narrow": 340}


def configured(chart: Any) -> dict[str, Any]:
    """Return the Vega-Lite specification of a chart in the report's type and colours."""
    # configure() replaces what the configure_*() methods set, so it comes first.
    chart = (
        chart.configure(background="transparent", padding=2, aria=False, font=FONT)
        .configure_view(stroke="transparent")
        .configure_axis(
            labelFontSize=SIZE,
            labelColor=MUTED,
            labelPadding=6,
            gridColor=GRID,
            domain=False,
            ticks=False,
        )
    )
    # The specifications differ in their data only; checking each against the schema of Vega-Lite
    # would take as long as drawing it.
    specification: dict[str, Any] = chart.to_dict(validate=False)
    return specification


def rows_data(rows: list[dict[str, Any]]) -> Any:
    """Return rows as inline data of a chart."""
    return alt.Data(values=rows)
