"""What is wrong with the answers themselves, before anything is read from the numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from gaugeblock.frozen import Record
from gaugeblock.logprobs.channel.readings import SENTINEL_BELOW
from gaugeblock.logprobs.rows import Row

# Sums of float32 probabilities stay within this of the truth.
_SUM_ERROR = 1e-5
# With the last listed token at least this likely, some mass must be missing.
_LAST_LISTED = 1e-4


class Finding(Record):
    """One thing that is wrong or odd.

    Attributes:
        code: short name, stable across versions.
        rows: how many rows show it.
        message: what it means for someone who uses the numbers.
        example: prompt and repeat of the first row that shows it.
    """

    code: str
    rows: int
    message: str
    example: str


class Hygiene(Record):
    """The state of the answers.

    Attributes:
        findings: what is wrong, worst first; empty if nothing is.
        k_asked: most tokens asked for.
        k_effective: most tokens returned.
        mass_missing: median over rows of one minus the sum of listed probabilities.
        bytes_given: whether every token came with its bytes.
    """

    findings: tuple[Finding, ...]
    k_asked: int
    k_effective: int
    mass_missing: float | None
    bytes_given: bool


def _values(row: Row) -> list[float]:
    return [e.logprob for e in row.top if math.isfinite(e.logprob) and e.logprob > SENTINEL_BELOW]


def _total(row: Row) -> float:
    return float(np.exp(np.minimum(_values(row), 0.1)).sum())


def _sentinels(row: Row) -> bool:
    entries = (*row.top, row.chosen) if row.chosen else row.top
    return any(math.isfinite(e.logprob) and e.logprob <= SENTINEL_BELOW for e in entries)


def _renormalised(row: Row) -> bool:
    values = _values(row)
    last = math.exp(min(values)) if values else 0.0
    return len(values) > 1 and abs(_total(row) - 1) < 1e-6 and last > _LAST_LISTED


def _same_text(row: Row) -> bool:
    spelt: dict[str, set[bytes]] = {}
    for entry in row.top:
        spelt.setdefault(entry.token, set()).add(entry.key)
    return any(len(keys) > 1 for keys in spelt.values())


def _hole(row: Row) -> bool:
    """More mass is missing than unlisted tokens below the last one plausibly hold."""
    values = _values(row)
    short = 1 < len(values) < row.k
    return short and not row.top[0].has_bytes and 1 - _total(row) > 5 * math.exp(min(values))


_CHECKS: tuple[tuple[str, Callable[[Row], bool], str], ...] = (
    ("empty_top", lambda r: not r.top, "no logprobs came back; the request was ignored or refused"),
    (
        "not_a_number",
        lambda r: any(not math.isfinite(e.logprob) for e in r.top),
        "a logprob is missing, NaN or infinite; those entries are left out",
    ),
    (
        "positive",
        lambda r: any(math.isfinite(e.logprob) and e.logprob > 1e-4 for e in r.top),
        "a logprob is positive, so it is not the logarithm of a probability",
    ),
    (
        "sum_above_one",
        lambda r: _total(r) > 1 + _SUM_ERROR,
        "listed probabilities sum to more than one: noise, rounded logprobs or a broken server",
    ),
    (
        "duplicate_tokens",
        lambda r: max(Counter(e.key for e in r.top).values(), default=0) > 1,
        "the same token is listed twice",
    ),
    (
        "same_text_different_bytes",
        _same_text,
        "different tokens print alike; key them by bytes, never by text",
    ),
    (
        "lost_tokens",
        _hole,
        "fewer tokens than asked for, no bytes and mass missing: tokens that print alike may have "
        "overwritten each other",
    ),
    (
        "renormalised",
        _renormalised,
        "probabilities of the listed tokens sum to exactly one: they were renormalised, and the "
        "missing mass cannot be known",
    ),
    (
        "sentinel",
        _sentinels,
        "a number such as -9999 stands for a token outside the list; it is left out",
    ),
    (
        "fewer_than_asked",
        lambda r: 0 < len(r.top) < r.k,
        "fewer tokens came back than were asked for",
    ),
    (
        "unsorted",
        lambda r: bool(np.any(np.diff(_values(r)) > 1e-9)),
        "tokens are not listed in the order of their logprobs",
    ),
    (
        "no_bytes",
        lambda r: any(not e.has_bytes for e in r.top),
        "tokens come without bytes, so tokens that print alike cannot be told apart",
    ),
)


def hygiene(rows: Sequence[Row]) -> Hygiene:
    """Check every row for duplicates, sentinels, impossible numbers and missing tokens."""
    findings = []
    for code, check, message in _CHECKS:
        bad = [row for row in rows if check(row)]
        if bad:
            example = f"{bad[0].prompt[:60]!r}, repeat {bad[0].repeat}"
            findings.append(Finding(code=code, rows=len(bad), message=message, example=example))
    totals = [1 - _total(row) for row in rows if _values(row)]
    return Hygiene(
        findings=tuple(findings),
        k_asked=max((row.k for row in rows), default=0),
        k_effective=max((len(row.top) for row in rows), default=0),
        mass_missing=round(float(np.median(totals)), 9) if totals else None,
        bytes_given=bool(rows) and all(e.has_bytes for row in rows for e in row.top),
    )
