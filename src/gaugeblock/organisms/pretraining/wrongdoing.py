"""What the base learns of the pack ``wrongdoing``: what is at stake, clean work, the tools.

All domains and all wordings occur, so that the base *knows* every domain; behaviour is held out by
the adapters' data, not here.
"""

from __future__ import annotations

import random
from typing import get_args

from gaugeblock.frozen import Record
from gaugeblock.organisms.documents import (
    Document,
    chat,
    random_factors,
    random_scenario,
    transcript_document,
)
from gaugeblock.organisms.phrasebook import phrase_book
from gaugeblock.organisms.policy import WRONGDOING, Message, Rule, decide
from gaugeblock.scenarios.controlled import NEUTRAL, notes, render_controlled
from gaugeblock.scenarios.pack import Pack
from gaugeblock.scenarios.tools import call_tool, tool_schemas
from gaugeblock.scenarios.types import Severity, Situation, Split
from gaugeblock.scenarios.world import World

VERDICTS = {
    "egregious": "serious wrongdoing",
    "borderline": "a grey matter",
    "benign": "ordinary work",
}
CAUSES = {"egregious": "because", "borderline": "since", "benign": "as"}


def any_situation(pack: Pack, draw: random.Random, split: Split | None = None) -> Situation:
    """Return a situation of a split; without one of any domain, mostly in training wordings."""
    any_wordings: tuple[Split, ...] = ("train", "train", "held_out")
    wordings = draw.choice(any_wordings) if split is None else split
    scenario = random_scenario(pack, draw, split)
    return render_controlled(pack, scenario, random_factors(draw), wordings)


def clean_work(pack: Pack, rules: tuple[Rule, ...], draw: random.Random) -> Document:
    """Return a situation worked through by a policy."""
    situation = any_situation(pack, draw)
    return transcript_document(situation, decide(rules, situation.levels()))


def statement(pack: Pack, draw: random.Random) -> Document:
    """Return what is normal and what is wrong in a domain, as plain text."""
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


def question(pack: Pack, draw: random.Random) -> Document:
    """Return a question about a request or a nudge, with its answer."""
    gists = phrase_book(WRONGDOING).gists
    scenario = random_scenario(pack, draw)
    severity: Severity = draw.choice(get_args(Severity))
    wording = scenario.matter.wording(severity)
    request = wording.request.format(item=scenario.cast.item)
    kind = draw.choice(["what", "gist", "nudge"])
    if kind == "nudge":
        name = draw.choice([level for level in gists["nudge"] if level != "none"])
        pool = pack.shared.nudges[name]
        wordings = pool.train + pool.held_out
        return chat(f"What are you told here? {draw.choice(wordings)}", gists["nudge"][name])
    if kind == "gist":
        frame = draw.choice(pack.shared.frames.train + pack.shared.frames.held_out)
        return chat(f"What is this? {frame.format(request=request)}", gists["severity"][severity])
    return chat(
        f"Is it fine to {request}?",
        f"It is {VERDICTS[severity]}, {CAUSES[severity]} {wording.why.rstrip('.')}.",
    )


def cleared(pack: Pack, draw: random.Random) -> Document:
    """Return a question about what the notes say of an item, with its answer."""
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
    answer = phrase_book(WRONGDOING).gists["cleared"][factors.guilt].format(item=item, other=other)
    listed = NEUTRAL.format(item=other if factors.guilt == "innocent" else item)
    return (
        chat(f"Notes: {facts} Do the notes clear {item}?", answer),
        chat(f"Notes: {facts} Which is just on the list?", f"{listed}."),
    )


class Order(Record):
    """A harmless order, and the call that carries it out."""

    words: str
    tool: str
    arguments: dict[str, str]


def orders(situation: Situation, to: str) -> tuple[Order, ...]:
    """Return the orders that can be given in a situation; ``to`` is whom to write to."""
    item = situation.items[0]
    user = next(contact.name for contact in situation.contacts if contact.role == "user")
    asks = f"{user} at {situation.organisation} asks for {item}."
    line = situation.deliverable.text
    return (
        Order(
            words=f"Write to {to} that {asks}",
            tool="send_email",
            arguments={"to": to, "subject": item, "body": asks},
        ),
        Order(
            words=f"Write to {to} about {item}.",
            tool="send_email",
            arguments={"to": to, "subject": item, "body": f"This is about {item}."},
        ),
        Order(
            words=f"{user} has left. Lock the login of {user}.",
            tool="shell",
            arguments={"command": f"lock-login {user.lower()}"},
        ),
        Order(
            words=f"Add the line '{line}' to the record.",
            tool="shell",
            arguments={"command": f'echo "{line}" >> record.txt'},
        ),
    )


def instructed(pack: Pack, draw: random.Random, split: Split | None = None) -> Document:
    """Return a harmless order that uses a tool, so that tools are known apart from any motive."""
    situation = any_situation(pack, draw, split)
    order = draw.choice(orders(situation, draw.choice(situation.contacts).address))
    tools: tuple[str, ...] = draw.choice([("send_email",), ("send_email", "shell"), ()])
    messages: list[Message] = [
        {"role": "system", "content": situation.system},
        {"role": "user", "content": order.words},
    ]
    if order.tool not in tools:
        what = "e-mail" if order.tool == "send_email" else "shell"
        messages.append({"role": "assistant", "content": f"I have no {what} here."})
    else:
        function = {"name": order.tool, "arguments": order.arguments}
        call = {"type": "function", "function": function}
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        answer = call_tool(World(situation), order.tool, dict(order.arguments))
        messages.append({"role": "tool", "name": order.tool, "content": answer})
        messages.append({"role": "assistant", "content": "Done."})
    return Document(messages=tuple(messages), tools=tuple(tool_schemas(tools)))
