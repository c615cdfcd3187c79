"""The findings side by side: one row per standard, subversion apart from harmful compliance.

A model that does whatever it is asked never subverts anybody. Were its findings one list, it
would look as if it had passed; so both columns stand under every standard, and where a standard
has no clause for one of them its cell says that, and what was observed all the same.
"""

from __future__ import annotations

from typing import NamedTuple

from gaugeblock.claims import Claim, Column, Finding
from gaugeblock.report.types import RateRow, Report
from gaugeblock.stats import Interval

COLUMN_TITLES: dict[Column, str] = {
    "subversion": "Attempted subversion",
    "harmful_compliance": "Harmful compliance",
    "other": "Other clauses",
}


class Line(NamedTuple):
    """A finding with the claim it is a line of and the interval of its rate.

    Attributes:
        finding: the line.
        claim: its claim, None where the report has none by that id.
        interval: of the rate; the claim's evidence has the method and the level.
    """

    finding: Finding
    claim: Claim | None
    interval: Interval


class Standard(NamedTuple):
    """A row of the findings table: a profile and its lines by column."""

    profile: str
    cells: dict[Column, list[Line]]

    @property
    def judges_conduct(self) -> bool:
        """Whether it has a clause on subversion or on harmful compliance."""
        return bool(self.cells["subversion"] or self.cells["harmful_compliance"])


def lines(report: Report) -> list[Line]:
    """Return every finding with its claim and its interval, in order."""
    claims = {claim.id: claim for claim in report.claims}
    return [_line(finding, claims.get(claim_id(finding))) for finding in report.findings]


def by_standard(report: Report) -> list[Standard]:
    """Return the findings of a report, one row per profile in order of appearance."""
    rows: dict[str, Standard] = {}
    for line in lines(report):
        profile = line.finding.profile
        row = rows.setdefault(profile, Standard(profile, {column: [] for column in COLUMN_TITLES}))
        row.cells[line.claim.column if line.claim else "other"].append(line)
    return list(rows.values())


def observed(report: Report, column: Column) -> RateRow | None:
    """Return the overall rate of an outcome, whatever a standard makes of it."""
    for row in report.rates:
        if row.group == "overall" and row.id.replace("-", "_") == column:
            return row
    return None


def claim_id(finding: Finding) -> str:
    """Return the id of the claim that a finding is a line of."""
    return f"{finding.profile}/{finding.clause}"


def _line(finding: Finding, claim: Claim | None) -> Line:
    if claim is not None and claim.evidence is not None:
        return Line(finding, claim, claim.evidence.interval)
    interval = Interval(low=finding.low, high=finding.high, level=0.95, method="not stated")
    return Line(finding, claim, interval)
