"""Draw the figures of docs/logprobs.md from simulated channels and benchmark results.

python docs/figures/draw_logprobs.py
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import altair as alt
import numpy as np

from gaugeblock.logprobs.bounds.plan import logprob_width
from gaugeblock.logprobs.channel.grid import identify
from gaugeblock.logprobs.channel.readings import readings
from gaugeblock.logprobs.page import pictures
from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.simulate.population import record
from gaugeblock.logprobs.spec import ChannelSpec

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "benchmarks" / "results"
CHANNELS = {
    "bf16": ChannelSpec(family="bf16"),
    "step": ChannelSpec(family="step", step=1 / 8),
    "softcap": ChannelSpec(family="softcap", cap=50.0),
}


def rows_of(spec: ChannelSpec) -> list:
    """Ask twelve prompts of a model whose top logit lies near 41, as the public rows' does."""
    rng = np.random.default_rng(41)
    rows = []
    for i in range(12):
        top = rng.normal(41.0, 2.0)
        logits = top - np.concatenate([[0.0], rng.gamma(3.0, 5.0, 60)])
        rows.append(record(Channel(spec), logits, rng, f"prompt {i}", 0))
    return readings(rows)


def judge_cost() -> alt.Chart:
    """Return the picture of what one spacing costs a yes/no judge."""
    points = [
        {"p": round(float(p), 3), "width": logprob_width(float(p), s), "spacing": name}
        for name, s in (("1/16", 1 / 16), ("1/8", 1 / 8), ("1/4", 1 / 4), ("1/2", 1 / 2))
        for p in np.linspace(0.02, 0.98, 49)
    ]
    return (
        alt.Chart(alt.Data(values=points), width=640, height=240)
        .mark_line(strokeWidth=2)
        .encode(
            x=alt.X("p:Q", title="reported probability of yes", axis=alt.Axis(tickCount=10)),
            y=alt.Y("width:Q", title="width of what is possible"),
            color=alt.Color(
                "spacing:N",
                title="spacing, nats",
                sort=["1/2", "1/4", "1/8", "1/16"],
                scale=alt.Scale(range=["#7a2a14", "#a8431f", "#22577a", "#8fa9ba"]),
            ),
        )
    )


def distillation() -> alt.LayerChart:
    """Return the picture of how far students of each channel end from their teacher."""
    rows = json.loads((RESULTS / "channel_distillation.json").read_text("utf-8"))["rows"]
    points = [
        {
            "channel": row["channel"],
            "nats": row["kl"],
            "low": row["kl"] - 1.96 * row["kl_se"],
            "high": row["kl"] + 1.96 * row["kl_se"],
        }
        for row in rows
    ]
    order = [row["channel"] for row in rows]
    base = alt.Chart(alt.Data(values=points), width=520, height=26 * len(points))
    place = alt.Y("channel:N", title=None, sort=order)
    title = "nats between the teacher and its student, on texts not seen"
    least, most = min(point["low"] for point in points), max(point["high"] for point in points)
    scale = alt.Scale(domain=[math.floor(5 * least) / 5, math.ceil(5 * most) / 5])
    bars = base.mark_rule(color=pictures.BLUE, strokeWidth=2).encode(
        y=place, x=alt.X("low:Q", title=title, scale=scale), x2="high:Q"
    )
    dots = base.mark_circle(color=pictures.BLUE, size=60, opacity=1).encode(
        y=place, x=alt.X("nats:Q", title=title, scale=scale)
    )
    return bars + dots


def main() -> None:
    for name, spec in CHANNELS.items():
        rows = rows_of(spec)
        figure = pictures.svg(pictures.lattice(rows))
        (HERE / f"channel_lattice_{name}.svg").write_text(figure)
        if name == "softcap":
            figure = pictures.svg(pictures.residuals(rows, identify(rows)))
            (HERE / "channel_residuals_softcap.svg").write_text(figure)
    (HERE / "channel_judge_cost.svg").write_text(pictures.svg(judge_cost()))
    (HERE / "channel_distillation.svg").write_text(pictures.svg(distillation()))


if __name__ == "__main__":
    main()
