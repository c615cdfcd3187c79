"""What every page is made with: templates that escape all they print, and a pinned style sheet.

A page is one file, without script, and fetches nothing. Its content security policy allows its own
style sheet by its hash and nothing else, so that even a mistake in escaping could not run or load
anything.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


class Style(NamedTuple):
    """A style sheet: its text, and the SHA-256 that the page's policy allows it by, in base64."""

    css: Markup
    digest: Markup


def page_environment(
    package: str, shown: Callable[[str], str], *, absent: object = None
) -> Environment:
    """Return the environment of the templates in a package's folder ``templates``.

    Args:
        package: where they are.
        shown: what becomes of every text they print that is not markup made here; the result is
            escaped unless it is ``Markup``.
        absent: what is printed for None.
    """

    def finalize(value: object) -> object:
        if value is None:
            return absent
        return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    return Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def style_sheet(*sheets: tuple[str, str]) -> Style:
    """Return the style sheet made of files, each named by its package and its name there."""
    css = "\n".join(
        (files(package) / "templates" / name).read_text(encoding="utf-8")
        for package, name in sheets
    )
    digest = base64.b64encode(hashlib.sha256(css.encode("utf-8")).digest()).decode("ascii")
    return Style(Markup(css), Markup(digest))
