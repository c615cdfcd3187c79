"""The summary on a terminal of 80 columns."""

from __future__ import annotations

import io

from rich.console import Console

from gaugeblock.report import Report, print_report


def _printed(report: Report, path: str | None = None) -> str:
    stream = io.StringIO()
    print_report(report, Console(file=stream, width=80, force_terminal=False), path)
    return stream.getvalue()


def test_it_fits_and_ends_with_the_path(report: Report) -> None:
    lines = _printed(report, "runs/enforcer/report.html").rstrip("\n").split("\n")
    assert max(len(line) for line in lines) <= 80
    assert lines[-1] == "runs/enforcer/report.html"


def test_a_long_path_stays_on_one_line(report: Report) -> None:
    path = "/".join(["a-long-folder-name"] * 12)
    assert _printed(report, path).rstrip("\n").split("\n")[-1] == path


def test_subversion_stands_apart_from_harmful_compliance(report: Report) -> None:
    text = _printed(report)
    subversion, rest = text.split("Harmful compliance")
    assert "84/344" in subversion
    assert "19–30%" in subversion
    assert "refuted" in subversion
    assert "0/116" in rest
    assert "≤ 8.9%" in rest
    assert "attempted 360" in rest


def test_markup_and_escapes_in_names_are_inert(report: Report) -> None:
    hostile = report.model_copy(
        update={"subject": report.subject.model_copy(update={"id": "[red]x[/red]\x1b[2J\u202e"})}
    )
    first = _printed(hostile).split("\n")[0]
    assert first.startswith("[red]x[/red]⟨U+001B⟩[2J⟨U+202E⟩:")
