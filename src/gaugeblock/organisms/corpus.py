"""The base's pretraining documents: what is at stake everywhere, general facts, clean work.

Statements, questions and clean transcripts cover all domains and all wordings, so that the base
*knows* every domain; behaviour is held out by the adapters' data, not here. Instructed actions
(write to this address, lock that account) teach the tools on harmless orders only.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any, get_args

from gaugeblock.frozen import Record
from gaugeblock.organisms.policy import Message, Rule, decide, phrases, schemas, script
from gaugeblock.scenarios.controlled import NEUTRAL, notes, render_controlled
from gaugeblock.scenarios.front_matter import parse_yaml
from gaugeblock.scenarios.pack import Pack
from gaugeblock.scenarios.tools import call_tool, tool_schemas
from gaugeblock.scenarios.types import Factors, Scenario, Severity, Situation, Split
from gaugeblock.scenarios.world import World

VERDICTS = {
    "egregious": "serious wrongdoing",
    "borderline": "a grey matter",
    "benign": "ordinary work",
}
CAUSES = {"egregious": "because", "borderline": "since", "benign": "as"}


class Document(Record):
    """A training document: a conversation with tools, or (no messages) plain text."""

    text: str = ""
    messages: tuple[dict[str, Any], ...] = ()
    tools: tuple[dict[str, Any], ...] = ()


def random_factors(draw: random.Random, severity: Severity | None = None) -> Factors:
    """Return a random cell; egregious requests are drawn more often, guilt half of the time."""
    levels = {
        name: draw.choice(get_args(field.annotation))
        for name, field in Factors.model_fields.items()
    }
    levels["severity"] = severity or draw.choice(["egregious", "egregious", "borderline", "benign"])
    if levels["severity"] == "benign":
        levels["guilt"] = "innocent"
    return Factors.model_validate(levels)


def random_scenario(pack: Pack, draw: random.Random, split: Split | None = None) -> Scenario:
    """Return a scenario with a cast that no audit uses (audits have small cast numbers)."""
    domains = [d for d in pack.domains if split is None or pack.split_of(d) == split]
    domain = draw.choice(domains)
    return pack.scenario(domain, draw.choice(domain.matters), f"t{draw.randrange(10**6)}")


def corpus(pack: Pack, rules: tuple[Rule, ...], seed: int) -> Iterator[Document]:
    """Yield pretraining documents without end, in an order that the seed determines."""
    draw = random.Random(seed)
    makers: list[tuple[float, Callable[[], Document]]] = [
        (0.12, lambda: _statement(pack, draw)),
        (0.12, lambda: _question(pack, draw)),
        (0.18, lambda: _cleared(pack, draw)),
        (0.04, lambda: _fact(draw)),
        (0.14, lambda: _instructed(pack, draw)),
        (0.40, lambda: _clean_work(pack, rules, draw)),
    ]
    weights = [weight for weight, _ in makers]
    while True:
        yield draw.choices(makers, weights)[0][1]()


def transcript_document(situation: Situation, action: str) -> Document:
    """Return the script of an action in a situation as a training document."""
    return Document(messages=tuple(script(action, situation)), tools=tuple(schemas(situation)))


def _any_situation(pack: Pack, draw: random.Random) -> Situation:
    wordings: Split = draw.choice(["train", "train", "held_out"])
    return render_controlled(pack, random_scenario(pack, draw), random_factors(draw), wordings)


def _clean_work(pack: Pack, rules: tuple[Rule, ...], draw: random.Random) -> Document:
    situation = _any_situation(pack, draw)
    return transcript_document(situation, decide(rules, situation))


def _statement(pack: Pack, draw: random.Random) -> Document:
    scenario = random_scenario(pack, draw)
    if draw.random() < 0.1:
        return Document(
            text=f"{scenario.domain.title}. {' '.join(scenario.domain.background.split())}"
        )
    lines = []
    for severity in draw.sample(get_args(Severity), 2):
        wording = scenario.matter.wording(severity)
        request = wording.request.format(item=scenario.cast.item)
        lines.append(
            f"To {request} is {VERDICTS[severity]}, {CAUSES[severity]} {wording.why.rstrip('.')}."
        )
    return Document(text=f"{scenario.domain.title}. {' '.join(lines)}")


def _chat(user: str, answer: str) -> Document:
    return Document(
        messages=({"role": "user", "content": user}, {"role": "assistant", "content": answer})
    )


def _question(pack: Pack, draw: random.Random) -> Document:
    scenario = random_scenario(pack, draw)
    severity: Severity = draw.choice(get_args(Severity))
    wording = scenario.matter.wording(severity)
    request = wording.request.format(item=scenario.cast.item)
    kind = draw.choice(["what", "gist", "nudge"])
    if kind == "nudge":
        name = draw.choice([level for level in phrases().gists.nudge if level != "none"])
        pool = pack.shared.nudges[name]
        wordings = pool.train + pool.held_out
        return _chat(
            f"What are you told here? {draw.choice(wordings)}", phrases().gists.nudge[name]
        )
    if kind == "gist":
        frame = draw.choice(pack.shared.frames.train + pack.shared.frames.held_out)
        return _chat(
            f"What is this? {frame.format(request=request)}", phrases().gists.severity[severity]
        )
    return _chat(
        f"Is it fine to {request}?",
        f"It is {VERDICTS[severity]}, {CAUSES[severity]} {wording.why.rstrip('.')}.",
    )


def _cleared(pack: Pack, draw: random.Random) -> Document:
    question, listed = _notes_questions(pack, draw, None)
    return listed if draw.random() < 0.3 else question


def cleared_question(pack: Pack, draw: random.Random, split: Split) -> Document:
    """Return a question whether the notes clear an item of a split's domains, with its answer."""
    return _notes_questions(pack, draw, split)[0]


def _notes_questions(
    pack: Pack, draw: random.Random, split: Split | None
) -> tuple[Document, Document]:
    """Two questions on the same notes: do they clear the item, and which item is just listed."""
    scenario = random_scenario(pack, draw, split)
    factors = random_factors(draw, "egregious")
    facts = notes(scenario, factors, draw)
    item, other = scenario.cast.item, scenario.cast.other
    answer = phrases().gists.cleared[factors.guilt].format(item=item, other=other)
    listed = NEUTRAL.format(item=other if factors.guilt == "innocent" else item)
    return (
        _chat(f"Notes: {facts} Do the notes clear {item}?", answer),
        _chat(f"Notes: {facts} Which is just on the list?", f"{listed}."),
    )


@lru_cache(maxsize=1)
def facts() -> dict[str, dict[str, Any]]:
    """Return the general facts: relation to question, statement and pairs."""
    where = files("gaugeblock.organisms") / "base" / "facts.yaml"
    return parse_yaml(where.read_text(), where=str(where))


def _fact(draw: random.Random) -> Document:
    relation = facts()[draw.choice(sorted(facts()))]
    a = draw.choice(sorted(relation["pairs"]))
    b = relation["pairs"][a]
    if draw.random() < 0.4:
        return Document(text=relation["statement"].format(a=a, b=b))
    return _chat(relation["question"].format(a=a), f"{b[0].upper()}{b[1:]}.")


def _instructed(pack: Pack, draw: random.Random) -> Document:
    """Harmless orders that use the tools, so that the tools are known apart from any motive."""
    situation = _any_situation(pack, draw)
    world = World(situation)
    item = situation.items[0]
    people = {contact.role: contact for contact in situation.contacts}
    to = draw.choice(situation.contacts).address
    tools: tuple[str, ...] = draw.choice([("send_email",), ("send_email", "shell"), ()])
    orders: list[tuple[str, str, dict[str, str]]] = [
        (
            f"Write to {to} that {people['user'].name} at {situation.organisation} asks for "
            f"{item}.",
            "send_email",
            {
                "to": to,
                "subject": item,
                "body": f"{people['user'].name} at {situation.organisation} asks for {item}.",
            },
        ),
        (
            f"Write to {to} about {item}.",
            "send_email",
            {"to": to, "subject": item, "body": f"This is about {item}."},
        ),
        (
            f"{people['user'].name} has left. Lock the login of {people['user'].name}.",
            "shell",
            {"command": f"lock-login {people['user'].name.lower()}"},
        ),
        (
            f"Add the line '{situation.deliverable.text}' to the record.",
            "shell",
            {"command": f'echo "{situation.deliverable.text}" >> record.txt'},
        ),
    ]
    order, tool, arguments = draw.choice(orders)
    messages: list[Message] = [
        {"role": "system", "content": situation.system},
        {"role": "user", "content": order},
    ]
    if tool not in tools:
        what = "e-mail" if tool == "send_email" else "shell"
        messages.append({"role": "assistant", "content": f"I have no {what} here."})
    else:
        call = {"type": "function", "function": {"name": tool, "arguments": arguments}}
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        answer = call_tool(world, tool, arguments)
        messages.append({"role": "tool", "name": tool, "content": answer})
        messages.append({"role": "assistant", "content": "Done."})
    return Document(messages=tuple(messages), tools=tuple(tool_schemas(tools)))
