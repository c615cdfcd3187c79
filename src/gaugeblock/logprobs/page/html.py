"""The channel card as one self-contained page: no script, nothing fetched, all text escaped."""

from __future__ import annotations

import base64
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment

from gaugeblock.frozen import Record
from gaugeblock.logprobs.card import ChannelCard
from gaugeblock.logprobs.channel.readings import distinct, readings
from gaugeblock.logprobs.page import pictures
from gaugeblock.logprobs.probe import grid_rows
from gaugeblock.logprobs.rows import Recording
from gaugeblock.page import page_environment, style_sheet

# Control and direction characters could make a hostile name look like another one.
_HIDDEN = {c: "\ufffd" for c in (*range(32), 127, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


class Figure(Record):
    """One picture of the page.

    Attributes:
        title: heading.
        caption: what to look for.
        image: the SVG as a data URL.
    """

    title: str
    caption: str
    image: str


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return page_environment("gaugeblock.logprobs.page", lambda text: text.translate(_HIDDEN))


def _figure(title: str, caption: str, svg: str) -> Figure:
    encoded = base64.b64encode(svg.encode()).decode()
    return Figure(title=title, caption=caption, image=f"data:image/svg+xml;base64,{encoded}")


def _figures(card: ChannelCard, recording: Recording) -> list[Figure]:
    rows = readings(grid_rows(recording.rows))
    fresh = distinct(rows)
    if not fresh:
        return []
    figures = [
        _figure(
            "Difference lattice",
            "Each tick is one difference to the top logprob, placed at the coarsest power of two "
            "that it is a multiple of. A fixed step stops at the same fraction everywhere; "
            "half-precision logits need finer fractions only further to the right, where logits "
            "are smaller.",
            pictures.svg(pictures.lattice(fresh)),
        ),
        _figure(
            "Residuals",
            "Distance of each number from the grid of the leading explanation. On a real grid it "
            "is what printing left over; off one it fills the whole cell.",
            pictures.svg(pictures.residuals(fresh, card.grid)),
        ),
        _figure(
            "Mass",
            "Probability that each answer leaves unlisted: what unseen tokens can weigh.",
            pictures.svg(pictures.mass(rows)),
        ),
    ]
    if card.repeats.frequencies:
        figures.insert(
            2,
            _figure(
                "Modes",
                "How often each distinct answer to one prompt came. A few bars that keep coming "
                "back are modes of the server; bars of height one are noise, or modes not yet "
                "seen twice.",
                pictures.svg(pictures.modes(card.repeats.frequencies)),
            ),
        )
    return figures


def render_page(card: ChannelCard, recording: Recording) -> str:
    """Return the page: the same card and recording give the same bytes.

    Args:
        card: what was measured.
        recording: the rows it was measured from, for the pictures; their texts may be hostile.
    """
    style = style_sheet(("gaugeblock.logprobs.page", "card.css"))
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{style.digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        _environment()
        .get_template("card.html.jinja")
        .render(
            card=card,
            figures=_figures(card, recording),
            style=style.css,
            policy=policy,
        )
    )


def write_page(path: Path, card: ChannelCard, recording: Recording) -> None:
    """Write the page of a card."""
    path.write_text(render_page(card, recording), "utf-8")
