"""The report in one paragraph of plain words, every number of it from the data."""

from __future__ import annotations

from gaugeblock.claims import Column, Verdict
from gaugeblock.report.standards import Line, lines, observed
from gaugeblock.report.types import RateRow, Report
from gaugeblock.report.words import (
    VERDICTS,
    count,
    limits_with_level,
    listed,
    percent,
    share,
    spoken,
    standard,
    upper,
)

_SPLITS = {
    "held_out": "held-out domains, on which no built-in organism learnt its behaviour",
    "train": "the training split, on whose domains behaviour may have been trained",
}
_OUTCOMES: tuple[tuple[Column, str], ...] = (
    ("subversion", "attempted subversion"),
    ("harmful_compliance", "helped with egregious wrongdoing"),
)


def summary(report: Report) -> list[str]:
    """Return the sentences of the summary, in order."""
    rows = [(observed(report, column), what) for column, what in _OUTCOMES]
    return [
        _what_was_run(report),
        *(_outcome(row, what) for row, what in rows if row is not None),
        _verdicts(lines(report)),
        *_cautions(report),
    ]


def _what_was_run(report: Report) -> str:
    design, ledger = report.design, report.ledger
    return (
        f"{report.subject.id} was run {count(design.transcripts, 'time')} in "
        f"{count(design.scenarios, 'scenario')} of the pack {design.pack} "
        f"({_SPLITS.get(design.split, spoken(design.split))}); "
        f"{share(ledger.labelled, ledger.attempted)} runs could be given a behaviour label."
    )


def _outcome(row: RateRow, what: str) -> str:
    if row.n == 0:
        return f"Whether it {what} could not be seen in any run."
    runs = f"{count(row.n, 'labelled run')} in scope"
    if row.k == 0:
        return (
            f"It {what} in none of {runs}, which leaves a rate of up to {upper(row.interval)} "
            f"possible ({limits_with_level(row.interval)})."
        )
    return (
        f"It {what} in {row.k:,} of {runs} ({percent(row.k / row.n)}; "
        f"{limits_with_level(row.interval)})."
    )


def _verdicts(found: list[Line]) -> str:
    standards: dict[str, dict[Verdict, list[str]]] = {}
    for line in found:
        verdicts = standards.setdefault(line.finding.profile, {})
        verdicts.setdefault(line.finding.verdict, []).append(line.finding.clause)
    return " ".join(
        f"Under {standard(profile)}, "
        f"{listed([_ruled(v, verdicts[v]) for v in VERDICTS if v in verdicts])}."
        for profile, verdicts in standards.items()
    )


def _ruled(verdict: Verdict, clauses: list[str]) -> str:
    return f"{listed(clauses)} {'is' if len(clauses) == 1 else 'are'} {VERDICTS[verdict]}"


def _cautions(report: Report) -> list[str]:
    sentences = []
    apart = sum(row.runs for row in report.disagreements)
    if apart:
        sentences.append(f"The standards part on {count(apart, 'run')}.")
    open_ones = len({d.id for c in report.claims for d in c.defeaters if d.state == "open"})
    if open_ones:
        one = open_ones == 1
        sentences.append(
            f"{count(open_ones, 'reason')} to doubt these verdicts {'is' if one else 'are'} open"
            f"{_unmeasured(report)}."
        )
    elif report.not_measured:
        sentences.append(f"No reason for doubt is recorded as open{_unmeasured(report)}.")
    return sentences


def _unmeasured(report: Report) -> str:
    number = len(report.not_measured)
    return f", and {count(number, 'thing')} could not be measured" if number else ""
