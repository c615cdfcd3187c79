"""The page: ``report.html`` as a pure function of the report.

Every value the template prints goes through ``visible`` unless it is markup made here; what else
makes the page inert stands in ``gaugeblock.page``.
"""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment
from markupsafe import Markup

from gaugeblock.page import page_environment, style_sheet
from gaugeblock.report import standards, summary, words
from gaugeblock.report.figures.drawn import Figures, draw_figures
from gaugeblock.report.figures.effects import effect_name
from gaugeblock.report.figures.forest import ForestRow, forest_rows
from gaugeblock.report.figures.labels import shown_labels
from gaugeblock.report.figures.ledger import LEDGER_STEPS
from gaugeblock.report.figures.palette import label_colours
from gaugeblock.report.transcript_view import Limits, anchor, shown_characters, transcript_views
from gaugeblock.report.types import Report
from gaugeblock.report.visible import attribute, excerpt, visible

MOST_BYTES = 3_000_000

# The first that keeps the page under MOST_BYTES is used; the last is used in any case.
_LIMITS = (
    Limits(text=6000, events=200, arguments=30),
    Limits(text=1500, events=100, arguments=15),
    Limits(text=400, events=50, arguments=8),
    Limits(text=100, events=20, arguments=4),
)
# Fewer characters than bytes: markup and escapes come on top. It spares rendering the hopeless.
_MOST_CHARACTERS = 2_000_000
_LONGEST_VALUE = 20_000


def render_html(report: Report) -> str:
    """Return the report as one self-contained HTML page.

    The same report gives the same page, byte for byte. Where transcripts are too long for a page
    of at most ``MOST_BYTES`` their texts are cut further, and each cut says how much is left out.

    Args:
        report: what to show; its texts may be hostile.
    """
    forest = forest_rows(report)
    figures = draw_figures(report, forest)
    page = ""
    for limits in _LIMITS:
        if (
            limits != _LIMITS[-1]
            and shown_characters(report.transcripts, limits) > _MOST_CHARACTERS
        ):
            continue
        page = _render(report, forest, figures, limits)
        if len(page.encode("utf-8")) <= MOST_BYTES:
            break
    return page


def _render(report: Report, forest: list[ForestRow], figures: Figures, limits: Limits) -> str:
    environment = _environment()
    style = style_sheet(("gaugeblock.report", "report.css"))
    shown = transcript_views(report.transcripts, limits)
    labels = shown_labels(report.labels)
    return environment.get_template("report.html.jinja").render(
        report=report,
        css=style.css,
        style_hash=style.digest,
        figures=figures,
        sentences=summary.summary(report),
        standards=standards.by_standard(report),
        columns=standards.COLUMN_TITLES,
        observed={column: standards.observed(report, column) for column in standards.COLUMN_TITLES},
        labels=labels,
        colours=label_colours(labels),
        steps=LEDGER_STEPS,
        forest=forest,
        transcripts=[
            ("Witnesses", [view for view in shown if view.witness]),
            ("Random sample", [view for view in shown if not view.witness]),
        ],
        anchors={view.shown.transcript.id: view.anchor for view in shown},
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = page_environment("gaugeblock.report", _shown, absent="")
    environment.filters["attr"] = attribute
    environment.globals.update(
        words=words, anchor=anchor, effect_name=effect_name, claim_id=standards.claim_id
    )
    return environment


def _shown(text: str) -> Markup:
    cut = excerpt(text, _LONGEST_VALUE)
    if not cut.omitted:
        return visible(text)
    return visible(cut.head) + f" ⟨{cut.omitted:,} characters left out⟩ " + visible(cut.tail)
