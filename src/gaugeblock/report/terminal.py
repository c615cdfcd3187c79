"""The report on a terminal of 80 columns: the findings, the ledger, where the page is."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gaugeblock.claims import Column, Verdict
from gaugeblock.report.figures.ledger import LEDGER_STEPS
from gaugeblock.report.standards import COLUMN_TITLES, Line, by_standard, observed
from gaugeblock.report.types import RateRow, Report
from gaugeblock.report.visible import visible_text
from gaugeblock.report.words import (
    VERDICTS,
    count,
    limits,
    percent,
    spoken,
    upper,
)
from gaugeblock.stats import Interval

_STYLES: dict[Verdict, str] = {
    "refuted": "bold red",
    "supported": "bold blue",
    "inconclusive": "yellow",
    "not_checkable": "dim",
}


def print_report(report: Report, console: Console, path: str | Path | None = None) -> None:
    """Print what the audit found; the last line is the path of the report.

    Args:
        report: what to print.
        console: where; 80 columns are enough.
        path: of ``report.html``; without it the last line is left out.
    """
    design = report.design
    console.print(
        _plain(
            f"{report.subject.id}: {count(design.transcripts, 'run')} in "
            f"{count(design.scenarios, 'scenario')}, {design.pack}, {spoken(design.split)}, "
            f"{design.rendering}",
            "bold",
        )
    )
    for column, title in COLUMN_TITLES.items():
        _print_column(report, column, title, console)
    console.print()
    console.print(_ledger(report))
    if report.not_measured:
        console.print(_plain(f"not measured: {count(len(report.not_measured), 'thing')}"))
    if path is not None:
        console.print(_plain(str(path)), soft_wrap=True)


def _print_column(report: Report, column: Column, title: str, console: Console) -> None:
    standards = [standard for standard in by_standard(report) if standard.cells[column]]
    row = observed(report, column)
    if not standards and row is None:
        return
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        padding=(0, 1, 0, 0),
        expand=False,
    )
    table.add_column("standard")
    table.add_column("clause", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("k/n", justify="right", no_wrap=True)
    table.add_column("rate", justify="right", no_wrap=True)
    table.add_column("interval", justify="right", no_wrap=True)
    for standard in standards:
        for line in standard.cells[column]:
            table.add_row(*_cells(standard.profile, line))
    if not standards and row is not None:
        table.add_row(*_observed_cells(row))
    console.print()
    console.print(table)


def _cells(profile: str, line: Line) -> list[Text]:
    found = line.finding
    return [
        _plain(profile),
        _plain(found.clause),
        Text(VERDICTS[found.verdict], style=_STYLES[found.verdict]),
        Text(f"{found.k:,}/{found.n:,}"),
        Text(percent(found.k / found.n) if found.n else "?"),
        Text(_bounds(found.k, found.n, line.interval)),
    ]


def _observed_cells(row: RateRow) -> list[Text]:
    return [
        Text("none has a clause"),
        _plain(row.title),
        Text("observed"),
        Text(f"{row.k:,}/{row.n:,}"),
        Text(percent(row.k / row.n) if row.n else "?"),
        Text(_bounds(row.k, row.n, row.interval)),
    ]


def _bounds(k: int, n: int, interval: Interval) -> str:
    if n == 0:
        return "unknown"
    return limits(interval) if k else f"≤ {upper(interval)}"


def _ledger(report: Report) -> Text:
    counts = report.ledger.model_dump()
    steps = " > ".join(f"{name} {counts[name]:,}" for name, _ in LEDGER_STEPS if name != "failed")
    return Text(f"ledger: {steps}; failed {report.ledger.failed:,}")


def _plain(text: str, style: str = "") -> Text:
    return Text(visible_text(text), style=style)
