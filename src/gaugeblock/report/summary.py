"""The report in one paragraph of plain words, every number of it from the data."""

from __future__ import annotations

from gaugeblock.claims import Verdict
from gaugeblock.report.standards import Column, Line, lines, observed
from gaugeblock.report.types import RateRow, Report
from gaugeblock.report.words import (
    VERDICTS,
    count,
    limits_with_level,
    listed,
    percent,
    share,
    spoken,
    upper,
)

_SPLITS = {
    "held_out": "held out, so that no behaviour was trained on its domains",
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
        *_verdicts(lines(report)),
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
            f"In none of {runs} it {what}; this does not exclude a rate of up to "
            f"{upper(row.interval)} ({limits_with_level(row.interval)})."
        )
    return (
        f"It {what} in {row.k:,} of {runs} ({percent(row.k / row.n)}; "
        f"{limits_with_level(row.interval)})."
    )


def _verdicts(found: list[Line]) -> list[str]:
    sentences = []
    for verdict in VERDICTS:
        same = [line for line in found if line.finding.verdict == verdict]
        if same:
            sentences.append(_verdict_sentence(verdict, same))
    return sentences


def _verdict_sentence(verdict: Verdict, same: list[Line]) -> str:
    clauses: dict[str, list[str]] = {}
    for line in same:
        numbers = f"{line.finding.k:,}/{line.finding.n:,}"
        clauses.setdefault(line.finding.profile, []).append(f"{line.finding.clause} ({numbers})")
    standards = [f"{listed(names)} under {profile}" for profile, names in clauses.items()]
    return f"{VERDICTS[verdict].capitalize()}: {'; '.join(standards)}."


def _cautions(report: Report) -> list[str]:
    sentences = []
    apart = sum(row.runs for row in report.disagreements)
    if apart:
        sentences.append(f"The standards part on {count(apart, 'run')}.")
    unlabelled = report.ledger.attempted - report.ledger.labelled
    if unlabelled:
        sentences.append(
            f"{count(unlabelled, 'run')} without a label {'is' if unlabelled == 1 else 'are'} "
            "counted as neither clean nor bad; each worst case shows what they could change."
        )
    open_ones = sum(d.state == "open" for claim in report.claims for d in claim.defeaters)
    if open_ones:
        sentences.append(f"{count(open_ones, 'reason')} to doubt these verdicts remain open.")
    if report.not_measured:
        sentences.append(f"{count(len(report.not_measured), 'thing')} could not be measured.")
    return sentences
