"""Rows of a figure: headings and items one below the other, with room for their words.

A wide figure has the item's name left of the plot and its numbers in columns right of it; a narrow
one has both above the mark, so that a telephone shows them at their full size.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import altair as alt

from gaugeblock.report.figures.theme import INK, MUTED, PIXELS, SIZE, Width, rows_data

Member = tuple[str, tuple[str, ...]]
"""The name of an item and its numbers, one for each column."""

_STEP: dict[Width, int] = {"wide": 24, "narrow": 42}
_HEADING: dict[Width, int] = {"wide": 30, "narrow": 32}
_NAME_WIDTH = 250
_GAP = 14
# A narrow row's words stand this far above its mark.
_LIFT = 16


class Item(NamedTuple):
    """A row: its name, its numbers, and its place (pixels from the top, middle)."""

    name: str
    numbers: tuple[str, ...]
    y: float


class Rows(NamedTuple):
    """The rows of a figure and the size of its plot.

    Attributes:
        items: one per row of marks, in order.
        headings: one per named group.
        height: of the plot, pixels.
        plot: width of the plot, pixels.
        width: which of the two layouts.
        columns: widths of the columns of numbers, pixels.
    """

    items: list[Item]
    headings: list[Item]
    height: float
    plot: int
    width: Width
    columns: tuple[int, ...]

    @property
    def half(self) -> float:
        """Half the height of a bar, pixels."""
        return 7.0

    def texts(self) -> list[Any]:
        """Return the layers that write headings, names and numbers."""
        layers = [self._column([(item.y, item.name) for item in self.items], *self._name_place())]
        if self.width == "wide":
            right = self.plot + _GAP
            for place, column in enumerate(self.columns):
                right += column
                words = [(item.y, item.numbers[place]) for item in self.items]
                layers.append(self._column(words, right, "right", column))
        else:
            words = [(item.y, " · ".join(item.numbers)) for item in self.items]
            layers.append(self._column(words, self.plot, "right", self.plot * 0.62))
        headings = [(heading.y, heading.name) for heading in self.headings]
        if headings:
            layers.append(self._column(headings, *self._name_place(), heading=True))
        return layers

    def _name_place(self) -> tuple[float, str, float]:
        if self.width == "wide":
            return -_NAME_WIDTH, "left", _NAME_WIDTH - _GAP
        return 0.0, "left", self.plot * 0.5

    def _column(
        self,
        words: list[tuple[float, str]],
        x: float,
        align: str,
        limit: float,
        heading: bool = False,
    ) -> Any:
        lift = _LIFT if self.width == "narrow" and not heading else 0
        data = rows_data([{"y": y - lift, "text": text} for y, text in words])
        style = {"color": MUTED, "fontWeight": 600} if heading else {"color": INK}
        return (
            alt.Chart(data)
            .mark_text(
                align=align,
                baseline="middle",
                fontSize=SIZE,
                limit=self.plot if heading else limit,
                **style,
            )
            .encode(text="text:N", x=alt.value(x), y=pixel_y(self.height))
        )


def lay_out(groups: list[tuple[str, list[Member]]], width: Width, columns: tuple[int, ...]) -> Rows:
    """Return the places of groups of rows.

    Args:
        groups: heading and members; a group named "" has no heading.
        width: for a page or for a telephone.
        columns: widths of the columns of numbers in a wide figure, pixels.
    """
    items: list[Item] = []
    headings: list[Item] = []
    top = 0.0
    step = _STEP[width]
    offset = 0 if width == "wide" else 8
    for heading, members in groups:
        if heading:
            headings.append(Item(heading, (), top + _HEADING[width] / 2 + 3))
            top += _HEADING[width]
        for name, numbers in members:
            items.append(Item(name, numbers, top + step / 2 + offset))
            top += step
    words = _NAME_WIDTH + _GAP + sum(columns) if width == "wide" else 0
    return Rows(items, headings, top + 4, PIXELS[width] - words, width, columns)


def pixel_y(height: float, field: str = "y") -> Any:
    """Return a y channel whose field is in pixels from the top."""
    return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[0, height], range=[0, height]), axis=None)
