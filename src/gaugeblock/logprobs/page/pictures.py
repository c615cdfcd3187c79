"""The four pictures of a channel card: lattice, residuals, modes and mass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import vl_convert

from gaugeblock.logprobs.channel.grid.float_grid import fit_row
from gaugeblock.logprobs.channel.grid.verdict import GridVerdict
from gaugeblock.logprobs.channel.grid.warp import Warp
from gaugeblock.logprobs.channel.readings import Reading
from gaugeblock.logprobs.floats import Array, spacing
from gaugeblock.logprobs.spec import PRECISION

INK, MUTED, FAINT = "#1c2126", "#5a646e", "#e4e7ea"
BLUE, RUST = "#22577a", "#a8431f"
_WIDTH, _HEIGHT = 640, 220
_COARSEST, _FINEST = 0, 9
_FONT = "Liberation Sans, Arial, sans-serif"


def svg(chart: Any) -> str:
    """Return a chart as SVG text in the card's type and colours."""
    styled = (
        chart.configure(background="white", font=_FONT, padding=6)
        .configure_view(stroke="transparent")
        .configure_axis(
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            labelColor=MUTED,
            titleColor=INK,
            gridColor=FAINT,
            domainColor=MUTED,
            tickColor=MUTED,
        )
        .configure_legend(labelFontSize=12, titleFontSize=12, labelColor=INK, titleColor=INK)
        .configure_title(fontSize=13, fontWeight="normal", color=INK, anchor="start")
    )
    text: str = vl_convert.vegalite_to_svg(styled.to_dict())
    return text


def denominators(gaps: Array, error: Array) -> list[int | None]:
    """Return j for each difference that is a multiple of 2**-j but of no coarser power.

    None stands for a difference that lies on no multiple of 2**-9.
    """
    found: list[int | None] = []
    for gap, slack in zip(gaps, error, strict=True):
        fitting = (
            j for j in range(_COARSEST, _FINEST + 1) if abs(gap - round(gap * 2**j) / 2**j) <= slack
        )
        found.append(next(fitting, None))
    return found


def _label(power: int | None) -> str:
    return "off" if power is None else "1" if power == 0 else f"1/{2**power}"


def lattice(rows: Sequence[Reading]) -> Any:
    """Return the lattice picture: the finest power of two that each difference needs.

    A fixed step gives a row of equal height everywhere; floats need finer fractions only far from
    the top, where logits are small.
    """
    points = [
        {"gap": round(float(gap), 6), "needs": _label(power)}
        for row in rows
        for gap, power in zip(row.gaps, denominators(row.gaps, row.gap_error), strict=True)
    ]
    order = [_label(j) for j in range(_COARSEST, _FINEST + 1)] + ["off"]
    seen = {point["needs"] for point in points}
    return (
        alt.Chart(alt.Data(values=points), width=_WIDTH, height=_HEIGHT)
        .mark_tick(thickness=1.5, size=16, color=BLUE, opacity=0.65)
        .encode(
            x=alt.X("gap:Q", title="nats below the top logprob"),
            y=alt.Y(
                "needs:N",
                title="is a multiple of",
                sort=order,
                scale=alt.Scale(domain=[name for name in order if name in seen]),
                axis=alt.Axis(grid=True),
            ),
        )
    )


def _float_residuals(row: Reading, verdict: GridVerdict) -> Array | None:
    capped = verdict.leading == "softcap"
    warp = Warp(cap=verdict.cap) if capped else Warp(scale=verdict.scale or 1.0)
    bits = verdict.precision or 8 if capped else PRECISION[verdict.leading]
    fit = fit_row(row, bits, warp)
    if not fit.tops.size:
        return None
    top = fit.tops[int(np.argmax(fit.bits))]
    shown = float(warp.forward(np.array([top]))[0]) - row.gaps
    held = warp.inverse(shown)
    gap = spacing(held, bits)
    left: Array = (held - np.rint(held / gap) * gap) * warp.slope(shown)
    return left


def residuals(rows: Sequence[Reading], verdict: GridVerdict) -> Any:
    """Return the residual picture: how far each number lies from the leading family's grid.

    Without a grid the distance to multiples of 1/16 is shown, which then spreads evenly.
    """
    points = []
    for row in rows:
        left: Array | None
        if verdict.leading in ("bf16", "fp16", "softcap"):
            left = _float_residuals(row, verdict)
        else:
            step = verdict.step or 1 / 16
            left = row.gaps - np.rint(row.gaps / step) * step
        if left is not None:
            points += [
                {"gap": round(float(g), 6), "left": float(r)}
                for g, r in zip(row.gaps, left, strict=True)
            ]
    largest = max((abs(point["left"]) for point in points), default=0.0)
    exact = largest < 1e-4
    for point in points:
        point["left"] = round(point["left"] * (1e6 if exact else 1.0), 6)
    reach = 20.0 if exact and largest < 2e-5 else largest * (1e6 if exact else 1.0) * 1.1
    unit = "millionths of a nat" if exact else "nats"
    return (
        alt.Chart(alt.Data(values=points), width=_WIDTH, height=_HEIGHT)
        .mark_circle(size=18, color=RUST, opacity=0.6)
        .encode(
            x=alt.X("gap:Q", title="nats below the top logprob"),
            y=alt.Y(
                "left:Q",
                title=f"distance from the grid, {unit}",
                scale=alt.Scale(domain=[-reach, reach]),
            ),
        )
    )


def _counts(most: int) -> list[int]:
    """Return whole numbers from 0 to ``most`` or beyond, at most about seven of them."""
    step = max(1, -(-most // 6))
    return list(range(0, most + step, step))


def modes(frequencies: Sequence[int]) -> Any:
    """Return the mode picture: how often each distinct answer to one prompt came."""
    points = [{"mode": i + 1, "times": n} for i, n in enumerate(frequencies)]
    return (
        alt.Chart(alt.Data(values=points), width=_WIDTH, height=_HEIGHT * 0.7)
        # A band scale alone would let one mode fill the picture.
        .mark_bar(color=BLUE, size=min(36, _WIDTH // (len(points) + 1)))
        .encode(
            x=alt.X("mode:O", title="distinct answer", axis=alt.Axis(labelAngle=0)),
            y=alt.Y(
                "times:Q",
                title="times seen",
                axis=alt.Axis(values=_counts(max(frequencies, default=1)), format="d"),
            ),
        )
    )


def mass(rows: Sequence[Reading]) -> Any:
    """Return the mass picture: the share of probability that each answer does not list."""
    missing = [1 - float(np.exp(row.logprobs).sum()) for row in rows]
    points = [{"row": i + 1, "missing": max(value, 1e-7)} for i, value in enumerate(missing)]
    return (
        alt.Chart(alt.Data(values=points), width=_WIDTH, height=_HEIGHT * 0.7)
        .mark_circle(size=36, color=BLUE)
        .encode(
            x=alt.X("row:Q", title="answer", axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y(
                "missing:Q",
                title="mass not listed",
                scale=alt.Scale(type="log", domain=[1e-7, 1]),
                axis=alt.Axis(format="~e", values=[1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1]),
            ),
        )
    )
