"""The page: ``pressure-audit.html`` as a pure function of the result, without script."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gaugeblock.pressure.result import PressureAudit
from gaugeblock.pressure.summary import interval_words
from gaugeblock.report.visible import attribute, visible

LOOKS = {"yes": "supported", "no": "refuted", "undecided": "inconclusive"}
"""Decision to the look of a verdict in the report's style sheet."""


def render_audit(audit: PressureAudit, commands: tuple[str, ...] = ()) -> str:
    """Return the audit as one self-contained HTML page.

    Args:
        audit: what to show; its texts may be hostile.
        commands: how it was made.
    """
    css = _style_sheet()
    digest = base64.b64encode(hashlib.sha256(css.encode("utf-8")).digest()).decode("ascii")
    return (
        _environment()
        .get_template("audit.html.jinja")
        .render(
            a=audit,
            m=audit.measured,
            o=audit.outcome,
            detectors=(audit.measured.trained, *audit.measured.held_out),
            looks=LOOKS,
            words=interval_words,
            css=Markup(css),
            style_hash=Markup(digest),
            commands=commands,
        )
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gaugeblock.pressure", "templates"),
        autoescape=True,
        finalize=lambda v: visible(v) if isinstance(v, str) and not isinstance(v, Markup) else v,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["attr"] = attribute
    return environment


@lru_cache(maxsize=1)
def _style_sheet() -> str:
    loader = PackageLoader("gaugeblock.report", "templates")
    return loader.get_source(_environment(), "report.css")[0]
