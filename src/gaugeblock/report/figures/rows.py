"""Rows of a figure: headings and items one below the other, with room for their words.

A wide figure has the item's name left of the plot and its numbers in columns right of it; a narrow
one has both above the mark, so that a telephone shows them at their full size.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import altair as alt

from gaugeblock.report.figures.theme import INK, MUTED, PIXELS, SIZE, Width, rows_data

_NAME_WIDTH = 290
_GAP = 14
_STEP = 24
_HEADING = 32
# In a narrow figure each line of words above a mark takes this much.
_LINE = 16
# Names and numbers of a narrow figure share a line up to this many characters.
_ONE_LINE = 46
# The page may have a wider font than the one that words are measured in.
_SLACK = 0.88


class Member(NamedTuple):
    """What a row says: its name, and its numbers, one for each column."""

    name: str
    numbers: tuple[str, ...]


class Column(NamedTuple):
    """A column of numbers of a wide figure: its title and its width in pixels."""

    title: str
    width: int


class Text(NamedTuple):
    """Words at a height (pixels from the top, middle of the line)."""

    y: float
    words: str


class Rows(NamedTuple):
    """The rows of a figure, the size of its plot and where its words stand.

    Attributes:
        marks: the height of each row's mark, pixels from the top.
        height: of the plot, pixels.
        plot: width of the plot, pixels.
        texts: the layers that write headings, names and numbers.
    """

    marks: list[float]
    height: float
    plot: int
    texts: list[Any]

    @property
    def half(self) -> float:
        """Half the height of a bar, pixels."""
        return 7.0


def lay_out(
    groups: list[tuple[str, list[Member]]], width: Width, columns: tuple[Column, ...]
) -> Rows:
    """Return the places of groups of rows.

    Args:
        groups: heading and members; a group named "" has no heading.
        width: for a page or for a telephone.
        columns: of numbers; their titles stand beside the first heading of a wide figure.
    """
    lines = 0 if width == "wide" else _lines(groups)
    headings: list[Text] = []
    names: list[Text] = []
    marks: list[float] = []
    top = 0.0
    for heading, members in groups:
        if heading:
            headings.append(Text(top + _HEADING / 2 + 4, heading))
            top += _HEADING
        for member in members:
            marks.append(top + lines * _LINE + _STEP / 2)
            names.append(Text(marks[-1] - lines * _LINE, member.name))
            top += lines * _LINE + _STEP
    height = top + 4
    members = [member for _, group in groups for member in group]
    if width == "wide":
        plot = PIXELS[width] - _NAME_WIDTH - _GAP - sum(column.width for column in columns)
        left, room = -_NAME_WIDTH, (_NAME_WIDTH - _GAP) * _SLACK
        numbers = _columns(members, marks, columns, headings[0].y if headings else None, plot)
    else:
        plot = PIXELS[width]
        left, room = 0, plot
        joined = [
            Text(mark - _LINE, " · ".join(member.numbers))
            for mark, member in zip(marks, members, strict=True)
        ]
        right = lines == 1
        numbers = [(joined, plot if right else 0, "right" if right else "left", MUTED)]
    texts = [
        _written(names, left, "left", INK, height, room),
        *(_written(texts, x, align, colour, height) for texts, x, align, colour in numbers),
    ]
    if headings:
        texts.append(_written(headings, left, "left", MUTED, height, weight=600))
    return Rows(marks, height, plot, texts)


def pixel_y(height: float, field: str = "y") -> Any:
    """Return a y channel whose field is in pixels from the top."""
    return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[0, height], range=[0, height]), axis=None)


def _lines(groups: list[tuple[str, list[Member]]]) -> int:
    longest = max(
        (len(m.name) + len(" · ".join(m.numbers)) for _, group in groups for m in group), default=0
    )
    return 1 if longest <= _ONE_LINE else 2


def _columns(
    members: list[Member],
    marks: list[float],
    columns: tuple[Column, ...],
    title_y: float | None,
    plot: int,
) -> list[tuple[list[Text], int, str, str]]:
    layers = []
    right = plot + _GAP
    for place, column in enumerate(columns):
        right += column.width
        words = [Text(y, member.numbers[place]) for y, member in zip(marks, members, strict=True)]
        layers.append((words, right, "right", INK))
        if title_y is not None:
            layers.append(([Text(title_y, column.title)], right, "right", MUTED))
    return layers


def _written(
    texts: list[Text],
    x: float,
    align: str,
    colour: str,
    height: float,
    room: float = 0,
    weight: int = 400,
) -> Any:
    data = rows_data([{"y": text.y, "words": text.words} for text in texts])
    return (
        alt.Chart(data)
        .mark_text(
            align=align,
            baseline="middle",
            fontSize=SIZE,
            fontWeight=weight,
            color=colour,
            limit=room,
        )
        .encode(text="words:N", x=alt.value(x), y=pixel_y(height))
    )
