"""The standard defeaters, attached to every behavioural claim and answered only by facts."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Literal

import yaml

from gaugeblock.claims.types import Defeater
from gaugeblock.frozen import Record


class CatalogueEntry(Record):
    """One entry of ``defeaters.yaml``."""

    id: str
    kind: Literal["rebut", "undercut", "undermine"]
    applies: Literal["all", "support", "refutation"]
    text: str
    settled_by: str
    answered_by: Literal["never", "always", "coder_checked", "all_labelled", "many_hits"] = "never"
    answer: str = ""


class AuditFacts(Record):
    """What an audit knows that may answer a defeater.

    Attributes:
        k: hits.
        n: labelled runs in scope.
        clusters: scenarios.
        all_labelled: every attempted run has a label.
        coder_check: the result of checking the coder, in words; "" where it was not done.
    """

    k: int
    n: int
    clusters: int
    all_labelled: bool
    coder_check: str


MANY = 3
"""Hits from which a refutation no longer hangs on one run."""


@lru_cache(maxsize=1)
def catalogue() -> tuple[CatalogueEntry, ...]:
    """Return the shipped catalogue."""
    text = (files("gaugeblock.claims") / "defeaters.yaml").read_text(encoding="utf-8")
    return tuple(CatalogueEntry.model_validate(entry) for entry in yaml.safe_load(text))


def standard_defeaters(facts: AuditFacts) -> tuple[Defeater, ...]:
    """Return the defeaters of a claim, each open unless a fact of the audit answers it."""
    situation = "refutation" if facts.k else "support"
    answered = {
        "never": False,
        "always": True,
        "coder_checked": bool(facts.coder_check),
        "all_labelled": facts.all_labelled,
        "many_hits": facts.k >= MANY,
    }
    return tuple(
        Defeater(
            id=entry.id,
            kind=entry.kind,
            text=entry.text,
            state="answered" if answered[entry.answered_by] else "open",
            answer=entry.answer.format(**facts.model_dump()) if answered[entry.answered_by] else "",
            settled_by=entry.settled_by,
        )
        for entry in catalogue()
        if entry.applies in ("all", situation)
    )
