"""The ledger: how many of the attempted runs reached each step."""

from __future__ import annotations

from typing import Any

import altair as alt

from gaugeblock.claims import Ledger
from gaugeblock.report.figures.rows import Column, Member, lay_out, pixel_y
from gaugeblock.report.figures.theme import FAILED, GRID, INTERVAL, Width, configured, rows_data
from gaugeblock.report.words import percent

LEDGER_STEPS: tuple[tuple[str, str], ...] = (
    ("attempted", "planned and started"),
    ("engaged", "did something that can be read"),
    ("completed", "ended by itself"),
    ("judged", "every needed axis coded"),
    ("labelled", "has a behaviour label"),
    ("failed", "ended in an error, after retries"),
)


def ledger_bars(ledger: Ledger, width: Width) -> dict[str, Any]:
    """Return the Vega-Lite specification of the ledger, for a page or for a telephone."""
    counts = ledger.model_dump()
    attempted = ledger.attempted
    members = [Member(name, _numbers(counts[name], attempted)) for name, _ in LEDGER_STEPS]
    rows = lay_out([("", members)], width, (Column("runs", 60), Column("share", 60)))
    bars = [
        {
            "from": 0.0,
            "to": counts[name] / attempted if attempted else 0.0,
            "whole": 1.0,
            "top": y - rows.half,
            "bottom": y + rows.half,
            "colour": FAILED if name == "failed" else INTERVAL,
        }
        for y, (name, _) in zip(rows.marks, LEDGER_STEPS, strict=True)
    ]
    base = alt.Chart(rows_data(bars)).encode(
        x=alt.X("from:Q", scale=alt.Scale(domain=[0, 1]), axis=None),
        y=pixel_y(rows.height, "top"),
        y2="bottom:Q",
    )
    layers = [
        base.mark_rect(color=GRID).encode(x2="whole:Q"),
        base.mark_rect().encode(x2="to:Q", color=alt.Color("colour:N", scale=None)),
    ]
    chart = alt.layer(*layers, *rows.texts).properties(width=rows.plot, height=rows.height)
    return configured(chart)


def _numbers(count: int, attempted: int) -> tuple[str, ...]:
    return f"{count:,}", percent(count / attempted) if attempted else "unknown"
