"""Draw the figure of docs/judging-logprobs.md from benchmarks/results/calls_vs_width.json.

python docs/figures/draw_judging.py
"""

from __future__ import annotations

import json
from pathlib import Path

import altair as alt

from gaugeblock.logprobs.page import pictures

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "benchmarks" / "results" / "calls_vs_width.json"
NAMES = {0.125: "1/8", 0.25: "1/4", 0.5: "1/2"}
COLOURS = ["#22577a", "#7a2a14"]


def main() -> None:
    found = json.loads(RESULTS.read_text())
    typical, sampled = [], []
    for row in found["calls"]:
        if row["p"] not in (0.5, 0.9) or row["spacing"] != 0.25:
            continue
        share = f"share {row['p']}"
        sampled.append({"width": row["width"], "calls": row["sampling"], "share": share})
        typical.append({"width": row["width"], "calls": row["logprobs_typical"], "share": share})
    single = [
        {
            "width": item["width"],
            "calls": 1,
            "share": f"share {item['p']}",
            "label": NAMES[item["spacing"]],
        }
        for item in found["one_call_is_worth"]
        if item["p"] in (0.5, 0.9) and item["spacing"] in NAMES
    ]
    x = alt.X(
        "width:Q",
        title="width of the interval",
        scale=alt.Scale(type="log", domain=[0.005, 0.5]),
        axis=alt.Axis(values=[0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5]),
    )
    y = alt.Y(
        "calls:Q",
        title="calls",
        scale=alt.Scale(type="log", domain=[0.8, 200_000]),
        axis=alt.Axis(values=[1, 10, 100, 1000, 10_000, 100_000], format=",d"),
    )
    colour = alt.Color("share:N", title=None, scale=alt.Scale(range=COLOURS))
    lines = (
        alt.Chart(alt.Data(values=sampled)).mark_line(strokeWidth=2).encode(x=x, y=y, color=colour)
    )
    dashed = (
        alt.Chart(alt.Data(values=typical))
        .mark_line(strokeWidth=2, strokeDash=[5, 4])
        .encode(x=x, y=y, color=colour)
    )
    points = (
        alt.Chart(alt.Data(values=single))
        .mark_point(filled=True, size=70)
        .encode(x=x, y=y, color=colour)
    )
    labels = (
        alt.Chart(alt.Data(values=single))
        .mark_text(dy=-11, fontSize=11)
        .encode(x=x, y=y, text="label:N", color=colour)
    )
    chart = alt.layer(lines, dashed, points, labels).properties(width=640, height=300)
    (HERE / "judging_calls_width.svg").write_text(pictures.svg(chart))


if __name__ == "__main__":
    main()
