"""Rows of a figure: headings and items one below the other, with room for their words.

A wide figure has the item's name left of the plot and its number right of it; a narrow one has
both above the mark, so that a telephone shows them at their full size.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import altair as alt

from gaugeblock.report.figures.theme import INK, MUTED, PIXELS, SIZE, Width, rows_data

_STEP: dict[Width, int] = {"wide": 24, "narrow": 42}
_HEADING: dict[Width, int] = {"wide": 30, "narrow": 32}
_NAME_WIDTH = 190
_NUMBER_WIDTH = 190


class Item(NamedTuple):
    """A row: its name, its number in words, and its place (pixels from the top, middle)."""

    name: str
    number: str
    y: float


class Rows(NamedTuple):
    """The rows of a figure and the size of its plot.

    Attributes:
        items: one per row of marks, in order.
        headings: text and place of each group's heading.
        height: of the plot, pixels.
        plot: width of the plot, pixels.
        width: which of the two layouts.
    """

    items: list[Item]
    headings: list[Item]
    height: float
    plot: int
    width: Width

    @property
    def thickness(self) -> float:
        """Height of a bar, pixels."""
        return 14.0

    def texts(self) -> list[Any]:
        """Return the layers that write headings, names and numbers."""
        wide = self.width == "wide"
        above = 0 if wide else -15
        named = rows_data(
            [{"y": i.y + above, "name": i.name, "number": i.number} for i in self.items]
        )
        base = alt.Chart(named).encode(y=pixel_y(self.height))
        left = -_NAME_WIDTH if wide else 0
        right = self.plot + _NUMBER_WIDTH if wide else self.plot
        layers = [
            base.mark_text(align="left", baseline="middle", color=INK, fontSize=SIZE).encode(
                text="name:N", x=alt.value(left)
            ),
            base.mark_text(align="right", baseline="middle", color=INK, fontSize=SIZE).encode(
                text="number:N", x=alt.value(right)
            ),
        ]
        if self.headings:
            heads = rows_data(
                [{"y": h.y, "name": h.name, "number": h.number} for h in self.headings]
            )
            headed = alt.Chart(heads).encode(y=pixel_y(self.height))
            layers.append(
                headed.mark_text(
                    align="left", baseline="middle", fontWeight=600, color=MUTED, fontSize=SIZE
                ).encode(text="name:N", x=alt.value(left))
            )
        return layers


def lay_out(groups: list[tuple[str, list[tuple[str, str]]]], width: Width) -> Rows:
    """Return the places of groups of (name, number) rows; a group named "" has no heading."""
    items: list[Item] = []
    headings: list[Item] = []
    top = 0.0
    step = _STEP[width]
    offset = 0 if width == "wide" else 8
    for heading, members in groups:
        if heading:
            headings.append(Item(heading, "", top + _HEADING[width] / 2 + 3))
            top += _HEADING[width]
        for name, number in members:
            items.append(Item(name, number, top + step / 2 + offset))
            top += step
    words = _NAME_WIDTH + _NUMBER_WIDTH if width == "wide" else 0
    return Rows(items, headings, top + 4, PIXELS[width] - words, width)


def pixel_y(height: float, field: str = "y") -> Any:
    """Return a y channel whose field is in pixels from the top."""
    return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[0, height], range=[0, height]), axis=None)
