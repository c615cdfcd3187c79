"""The two marks of every estimate: a bar over its interval and a dot on it."""

from __future__ import annotations

from typing import Any

from gaugeblock.report.figures.theme import INTERVAL


def interval_bar(chart: Any) -> Any:
    """Return the chart drawn as bars; its channels say from where to where."""
    return chart.mark_rule(color=INTERVAL, strokeWidth=5)


def estimate_dot(chart: Any) -> Any:
    """Return the chart drawn as dots with a rim, so that each stands out from its bar."""
    return chart.mark_point(
        filled=True, size=70, color=INTERVAL, opacity=1, stroke="white", strokeWidth=1.5
    )
