"""The page: ``pressure-audit.html`` as a pure function of the result, without script."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment

from gaugeblock.page import page_environment, style_sheet
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
    style = style_sheet(("gaugeblock.report", "report.css"))
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
            css=style.css,
            style_hash=style.digest,
            commands=commands,
        )
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = page_environment("gaugeblock.pressure", visible)
    environment.filters["attr"] = attribute
    return environment
