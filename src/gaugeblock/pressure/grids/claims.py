"""Every answer of a grid as a claim: quantifier, evidence, what would defeat it, verdict."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Literal

import yaml

from gaugeblock.claims import Claim, Defeater, Evidence, Ledger, Quantifier
from gaugeblock.claims import Verdict as ClaimVerdict
from gaugeblock.frozen import Record
from gaugeblock.pressure.grids.grid_file import Plan
from gaugeblock.pressure.grids.jobs import State
from gaugeblock.pressure.grids.questions import AnyStatement, Questions, Verdict
from gaugeblock.pressure.grids.result import Answer

QUANTIFIERS: dict[str, Quantifier] = {
    "share": "rate",
    "compare": "compare",
    "blame": "compare",
    "fixed-text": "enumerated",
}
VERDICTS: dict[Verdict, ClaimVerdict] = {
    "yes": "supported",
    "no": "refuted",
    "undecided": "inconclusive",
}


class Entry(Record):
    """One entry of ``defeaters.yaml``."""

    id: str
    kind: Literal["rebut", "undercut", "undermine"]
    text: str
    settled_by: str
    answered_by: Literal["never", "always", "blamed", "all_finished"] = "never"
    answer: str = ""


def claims_of(
    plan: Plan,
    answers: list[Answer],
    states: Mapping[str, list[State]],
    decided: Mapping[str, int],
) -> tuple[Claim, ...]:
    """Return one claim per answer.

    Args:
        plan: what was asked.
        answers: what the grid says.
        states: cell to the states of its runs.
        decided: statement to how many of its runs are, or surely are not, what it asks about.
    """
    questions = plan.questions
    assert questions is not None
    asked = {s.id: s for q in questions.questions for s in q.statements}
    return tuple(
        _claim(plan, questions, asked[one.statement], one, states, decided[one.statement])
        for one in answers
    )


def _claim(
    plan: Plan,
    questions: Questions,
    asked: AnyStatement,
    one: Answer,
    states: Mapping[str, list[State]],
    decided: int,
) -> Claim:
    runs = [state for cell in asked.cells for state in states[cell]]
    ended = runs.count("finished")
    interval = one.interval
    return Claim(
        id=f"{one.question}/{one.statement}",
        statement=one.says,
        quantifier=QUANTIFIERS[asked.kind],
        column="other",
        scope=(
            f"grid {plan.grid.id} version {plan.grid.version}, cells {', '.join(asked.cells)}, "
            f"training seeds {', '.join(map(str, plan.grid.seeds))} on references "
            f"{', '.join(map(str, plan.grid.base_seeds))}"
        ),
        tolerated=asked.limit if asked.kind == "share" else 0.0,
        evidence=None
        if interval is None
        else Evidence(
            description=one.because,
            k=interval.k or 0,
            n=len(runs),
            interval=interval,
            worst_case=interval,
            ledger=Ledger(
                attempted=len(runs) - runs.count("missing"),
                engaged=ended,
                completed=ended,
                judged=decided,
                labelled=decided,
                failed=runs.count("failed"),
            ),
        ),
        witness=None,
        defeaters=_defeaters(one, asked, ended == len(runs), questions.sha256),
        verdict=VERDICTS[one.verdict],
        reason=one.because,
    )


def _defeaters(
    one: Answer, asked: AnyStatement, all_finished: bool, sha256: str
) -> tuple[Defeater, ...]:
    facts = {
        "never": False,
        "always": True,
        "blamed": asked.kind == "blame" and one.verdict == "yes",
        "all_finished": all_finished,
    }
    return tuple(
        Defeater(
            id=entry.id,
            kind=entry.kind,
            text=entry.text,
            state="answered" if facts[entry.answered_by] else "open",
            answer=entry.answer.format(sha256=sha256) if facts[entry.answered_by] else "",
            settled_by=entry.settled_by,
        )
        for entry in _catalogue()
    )


@cache
def _catalogue() -> tuple[Entry, ...]:
    text = resources.files(__package__).joinpath("defeaters.yaml").read_text(encoding="utf-8")
    return tuple(Entry.model_validate(entry) for entry in yaml.safe_load(text))
