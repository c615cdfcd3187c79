"""The page: ``certificate.html`` as a pure function of the certificate."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from gaugeblock.certify import Certificate, Reading, TrialResult
from gaugeblock.certify.criteria import load_criteria
from gaugeblock.certify.page.figures import dose_plot, dot_plot
from gaugeblock.certify.pressed import TOP
from gaugeblock.page import page_environment, style_sheet
from gaugeblock.report.figures.svg import inline_svg
from gaugeblock.report.figures.theme import WIDTHS
from gaugeblock.report.visible import attribute, visible

OUTCOMES = {
    "held": "supported",
    "failed": "refuted",
    "not measured": "inconclusive",
    "printed": "not_checkable",
    "not applicable": "not_checkable",
}
"""Outcome to the look of a verdict in the report's style sheet."""

STYLE = (("gaugeblock.report", "report.css"), ("gaugeblock.certify.page", "ladder.css"))

POOLINGS = {
    "last": "last token",
    "mean": "mean over tokens",
    "max": "maximum over tokens",
}


def render_certificate(certificate: Certificate, commands: tuple[str, ...] = ()) -> str:
    """Return the certificate as one self-contained HTML page without script.

    Args:
        certificate: what to show; its texts may be hostile.
        commands: how it was made, for the reader who wants to make it again.
    """
    style = style_sheet(*STYLE)
    criteria = load_criteria()
    names = [*criteria.rungs, TOP]
    reached = 0 if certificate.highest == "none" else names.index(certificate.highest) + 1
    stopped_by = certificate.stopped_by
    top = "reached" if certificate.highest == TOP else "beyond"
    return (
        _environment()
        .get_template("certificate.html.jinja")
        .render(
            c=certificate,
            pooling=POOLINGS.get(certificate.identity.at, certificate.identity.at),
            css=style.css,
            style_hash=style.digest,
            rungs=[
                {
                    "name": name,
                    "means": rung.means,
                    "state": "reached" if i < reached else "stopped" if i == reached else "beyond",
                    "trials": [t for t in certificate.trials if t.rung == name],
                }
                for i, (name, rung) in enumerate(criteria.rungs.items())
            ],
            stopped=certificate.trial(stopped_by) if stopped_by not in (None, TOP) else None,
            top="stopped" if stopped_by == TOP else top,
            looks=OUTCOMES,
            matrix=_matrix(certificate),
            doses=_doses(certificate),
            limits=limits,
            value=value,
            commands=commands,
            version=certificate.identity.versions.get("gaugeblock", ""),
        )
    )


def short(name: str) -> str:
    """Return the last parts of a directory's path; the whole stands under Identity."""
    parts = [part for part in name.split("/") if part]
    return "/".join(parts[-2:]) if len(parts) > 2 else name


def value(reading: Reading) -> str:
    """Return a reading's number as it is printed."""
    if reading.value is None:
        return "–"
    if reading.unit == "share":
        return f"{reading.value:.1%}"
    if reading.unit == "count":
        return f"{reading.value:,.0f}"
    return f"{reading.value:.3g}" if reading.unit != "auroc" else f"{reading.value:.3f}"


def limits(reading: Reading) -> str:
    """Return a reading's interval as it is printed, or that it has none."""
    found = reading.interval
    if found is None:
        return "–"
    if reading.unit == "share":
        return f"{found.low:.1%} to {found.high:.1%}"
    return f"{found.low:.3g} to {found.high:.3g}"


def _matrix(certificate: Certificate) -> Markup:
    home = [r for r in certificate.trial("in_distribution").readings if r.unit == "auroc"]
    rest = [
        r
        for name in ("generalisation", "on_topic")
        for r in certificate.trial(name).readings
        if r.unit == "auroc" and r.interval is not None
    ]
    shown = [r for r in [*home, *rest] if r.interval is not None and r.value is not None]
    if not shown:
        return Markup("")
    label = "AUROC with its limits, held out and in every other kind of text; the tables have them."
    return _drawn(lambda width: dot_plot(shown, 0.5, width), label)


def _doses(certificate: Certificate) -> Markup:
    trial: TrialResult = certificate.trial("dose_response")
    points = [r for r in trial.readings if r.name.startswith("output at dose")]
    if not points:
        return Markup("")
    random = max(r.value or 0.0 for r in trial.readings if "random directions" in r.name)
    label = "Shift of the model's output by dose, and the steepest random direction."
    return _drawn(lambda width: dose_plot(points, random, width), label)


def _drawn(chart: Any, label: str) -> Markup:
    return Markup("\n").join(Markup(inline_svg(chart(width), label, width)) for width in WIDTHS)


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = page_environment("gaugeblock.certify.page", visible)
    environment.filters.update(attr=attribute, short=short)
    return environment
