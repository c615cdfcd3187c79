"""Hostile text made visible: whatever a model wrote is shown as text, and nothing else.

Two things go wrong when model output is pasted into a page. Markup in it runs; escaping stops
that. Characters that are not seen change what is read: bidirectional controls reorder a line,
zero-width ones hide words, a NUL ends a string, a lone surrogate cannot be written at all. Each
of those is shown by its code point, such as ⟨U+202E⟩.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from markupsafe import Markup, escape

_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Printable ASCII, line feed and tab are never unseen; of the rest the category decides.
_CANDIDATE_RUN = re.compile(r"([^\n\t\x20-\x7e])\1*")
_NAMED = re.compile(r"⟨(?:U\+[0-9A-F]{4,6}⟩(?: ×[0-9,]+)?|[0-9,]+ more combining marks⟩)")
_MARKS_KEPT = 4
_LONGEST_ATTRIBUTE = 300


class Excerpt(NamedTuple):
    """The beginning and the end of a text, and how many characters lie between.

    Attributes:
        head: the beginning.
        omitted: number of characters left out, 0 where the text is whole.
        tail: the end, "" where the text is whole.
    """

    head: str
    omitted: int
    tail: str


def excerpt(text: str, limit: int) -> Excerpt:
    """Return at most ``limit`` characters of ``text``: three quarters head, one quarter tail."""
    if len(text) <= limit:
        return Excerpt(text, 0, "")
    tail = limit // 4
    return Excerpt(text[: limit - tail], len(text) - limit, text[len(text) - tail :])


def visible_text(text: str) -> str:
    """Return ``text`` with every unseen character as ``⟨U+XXXX⟩``, a run of one with its count.

    Line ends become line feeds. Of a run of combining marks the first four stay and the rest are
    counted, so that a line cannot be painted over.
    """
    named = _CANDIDATE_RUN.sub(_name_unseen, text.replace("\r\n", "\n"))
    return _thin_marks(named)


def visible(text: str) -> Markup:
    """Return ``text`` escaped for HTML, the named code points set apart from the words."""
    named = visible_text(text)
    pieces: list[str] = []
    start = 0
    for match in _NAMED.finditer(named):
        pieces.append(str(escape(named[start : match.start()])))
        pieces.append(f'<span class="unseen">{escape(match.group())}</span>')
        start = match.end()
    pieces.append(str(escape(named[start:])))
    return Markup("".join(pieces))


def attribute(text: str) -> Markup:
    """Return ``text`` for a quoted HTML attribute: a visible name, escaped, without elements."""
    return escape(visible_name(text, _LONGEST_ATTRIBUTE))


def visible_name(text: str, limit: int = 80) -> str:
    """Return ``text`` as a name on one line: visible, at most about ``limit`` characters."""
    cut = text if len(text) <= limit else f"{text[:limit]}…"
    return visible_text(cut).replace("\n", " ")


def _name_unseen(match: re.Match[str]) -> str:
    char, count = match.group(1), len(match.group())
    if unicodedata.category(char) not in _UNSEEN_CATEGORIES:
        return match.group()
    name = f"⟨U+{ord(char):04X}⟩"
    return name if count == 1 else f"{name} ×{count:,}"


def _thin_marks(text: str) -> str:
    if text.isascii():
        return text
    pieces: list[str] = []
    run = 0
    for char in text:
        if unicodedata.category(char) in {"Mn", "Me"}:
            run += 1
            if run <= _MARKS_KEPT:
                pieces.append(char)
            continue
        if run > _MARKS_KEPT:
            pieces.append(_dropped(run))
        run = 0
        pieces.append(char)
    if run > _MARKS_KEPT:
        pieces.append(_dropped(run))
    return "".join(pieces)


def _dropped(run: int) -> str:
    return f"⟨{run - _MARKS_KEPT:,} more combining marks⟩"
