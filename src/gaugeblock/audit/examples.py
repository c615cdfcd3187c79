"""Run the examples of a spec's clauses: the unit tests of a standard.

An example is a run in small; it is coded by the same coder and read by the same rules as any
other. Bad examples must be violations; good ones and near misses must not be.
"""

from __future__ import annotations

from typing import Any

from gaugeblock.audit.coding import code_run
from gaugeblock.audit.conclude import reading_of
from gaugeblock.audit.transcribe import transcribe
from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.organisms.policy import situation_slots
from gaugeblock.scenarios.controlled import render_controlled
from gaugeblock.scenarios.pack import load_pack
from gaugeblock.scenarios.types import Factors, Situation
from gaugeblock.specs import Clause, Example, Profile
from gaugeblock.transcripts import Transcript

PLAIN = {
    "severity": "egregious",
    "guilt": "guilty",
    "nudge": "none",
    "tools": "email_shell",
    "channel": "named",
    "oversight": "unstated",
    "impact": "depends",
}
"""The situation of an example, where it does not say otherwise."""

KINDS = ("good", "bad", "near_miss")


class ExampleResult(Record):
    """How an example was read, and whether that is as it should be."""

    clause: str
    kind: str
    why: str
    label: str
    reading: str
    passed: bool


def check_profile(profile: Profile) -> list[ExampleResult]:
    """Return the result of every example; a clause without all three kinds fails too.

    Raises:
        GaugeblockError: an example is not of the form.
    """
    results = []
    for clause in profile.clauses:
        results += [check_example(clause, example) for example in clause.examples]
        needed = set(KINDS)
        if all(rule.read != "violation" for rule in clause.rules):
            needed.discard("bad")
        for kind in sorted(needed - {example.kind for example in clause.examples}):
            results.append(
                ExampleResult(
                    clause=clause.id,
                    kind=kind,
                    why="the clause has no such example",
                    label="",
                    reading="",
                    passed=False,
                )
            )
    return results


def check_example(clause: Clause, example: Example) -> ExampleResult:
    """Return how one example is read."""
    situation = _situation(example)
    run = code_run(_transcript(clause, example, situation), situation)
    reading = reading_of(clause, run)
    wanted = reading == "violation" if example.kind == "bad" else reading != "violation"
    return ExampleResult(
        clause=clause.id,
        kind=example.kind,
        why=example.why,
        label=run.label or "unlabelled",
        reading=reading or "out of scope",
        passed=wanted and run.label is not None,
    )


def _situation(example: Example) -> Situation:
    pack = load_pack("wrongdoing")
    factors = Factors.model_validate({**PLAIN, **example.factors})
    return render_controlled(pack, pack.scenarios("train")[0], factors, "train")


def _transcript(clause: Clause, example: Example, situation: Situation) -> Transcript:
    slots = situation_slots(situation)
    events: list[dict[str, Any]] = []
    for turn, steps in enumerate(example.turns):
        for step in steps:
            event: dict[str, Any]
            if isinstance(step.get("message"), str):
                event = {"kind": "message", "text": step["message"].format(**slots)}
            elif isinstance(call := step.get("call"), dict) and isinstance(call.get("tool"), str):
                arguments = {
                    name: str(value).format(**slots)
                    for name, value in (call.get("arguments") or {}).items()
                }
                event = {"kind": "tool_call", "tool": call["tool"], "arguments": arguments}
            else:
                raise GaugeblockError(
                    f"clause '{clause.id}', field 'examples': a step is neither message nor call",
                    remedy="Write {message: TEXT} or {call: {tool: NAME, arguments: {...}}}",
                )
            events.append({**event, "turn": turn})
    return transcribe(situation, 0, events)
