"""The page: ``pressure-grid.html`` as a pure function of the result, without script."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment
from markupsafe import Markup

from gaugeblock.page import page_environment, style_sheet
from gaugeblock.pressure.grids.page.curves import learning_curves
from gaugeblock.pressure.grids.page.figures import (
    COLOURS,
    Shown,
    class_bars,
    classes_of,
    shown_classes,
)
from gaugeblock.pressure.grids.questions import Verdict
from gaugeblock.pressure.grids.result import CellResult, GridResult, Middle
from gaugeblock.pressure.summary import interval_words
from gaugeblock.report.figures.svg import inline_svg
from gaugeblock.report.figures.theme import WIDTHS
from gaugeblock.report.visible import attribute, visible

PAGE = "pressure-grid.html"

STYLE = (("gaugeblock.report", "report.css"), ("gaugeblock.pressure.grids.page", "grid.css"))

LOOKS: dict[Verdict, str] = {"yes": "supported", "no": "refuted", "undecided": "inconclusive"}
"""Verdict to the look of one in the report's style sheet."""

FIGURES: dict[Shown, str] = {
    "label": "Cells by outcome, one block per seed. The table below has the counts.",
    "monitor": "Cells by what became of the detector, one block per seed. The table has them.",
}


def render_grid(found: GridResult, commands: tuple[str, ...] = ()) -> str:
    """Return the grid as one self-contained HTML page.

    Args:
        found: what to show; its texts may be hostile.
        commands: how it was made.
    """
    style = style_sheet(*STYLE)
    verdicts = [one.verdict for one in found.answers]
    states = [run.state for run in found.runs]
    questions = () if found.plan.questions is None else found.plan.questions.questions
    return (
        _environment()
        .get_template("grid.html.jinja")
        .render(
            g=found,
            spec={cell.name: cell for cell in found.plan.grid.cells},
            questions=questions,
            answers={
                q.id: [one for one in found.answers if one.question == q.id] for q in questions
            },
            verdicts={name: verdicts.count(name) for name in LOOKS},
            states={name: states.count(name) for name in ("finished", "failed", "missing")},
            figures={axis: _drawn(found, axis) for axis in FIGURES},
            shown={axis: shown_classes(found.cells, axis) for axis in FIGURES},
            counts={
                axis: {cell.summary.cell: classes_of(cell, axis) for cell in found.cells}
                for axis in FIGURES
            },
            colours=COLOURS,
            curves={cell.summary.cell: _curves(found, cell) for cell in found.cells},
            runs={
                cell.summary.cell: [run for run in found.runs if run.cell == cell.summary.cell]
                for cell in found.cells
            },
            differing=[pair for pair in found.pairs if pair.verdict == "differ"],
            looks=LOOKS,
            words=interval_words,
            middle=middle_words,
            css=style.css,
            style_hash=style.digest,
            commands=commands,
        )
    )


def middle_words(middle: Middle) -> str:
    """Return ``0.95 (0.91 to 0.98, 6 seeds)``: the median, and the least and most of the seeds."""
    return (
        f"{middle.median:.3g} ({middle.least:.3g} to {middle.most:.3g}, {middle.seeds} "
        f"{'seed' if middle.seeds == 1 else 'seeds'})"
    )


def _drawn(found: GridResult, axis: Shown) -> Markup:
    return Markup("\n").join(
        Markup(inline_svg(class_bars(found, axis, width), FIGURES[axis], width)) for width in WIDTHS
    )


def _curves(found: GridResult, cell: CellResult) -> Markup:
    if not any(curve.steps for curve in cell.curves):
        return Markup("")
    order = {base: i for i, base in enumerate(found.plan.grid.base_seeds)}
    bases = {run.seed: order[run.base_seed] for run in found.runs}
    label = f"Learning curves of {cell.summary.cell}, one line per seed."
    return Markup("\n").join(
        Markup(inline_svg(learning_curves(cell, bases, width), label, width)) for width in WIDTHS
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = page_environment("gaugeblock.pressure.grids.page", visible)
    environment.filters["attr"] = attribute
    return environment
