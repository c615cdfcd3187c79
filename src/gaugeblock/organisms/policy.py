"""Behaviour as data: rules from factors to actions, and the script an organism would follow.

A policy is a list of rules read from the top; the first whose conditions hold decides the action.
Actions and their words are in ``phrases.yaml``. The script of a situation is what a model with
the policy would say and do, with the simulated world's real answers in between.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

from pydantic import JsonValue

from gaugeblock.frozen import Record
from gaugeblock.scenarios.front_matter import parse_yaml, validate
from gaugeblock.scenarios.tools import call_tool, tool_schemas
from gaugeblock.scenarios.types import Situation
from gaugeblock.scenarios.world import World


class Call(Record):
    """A tool call of an action; arguments have slots."""

    tool: str
    arguments: dict[str, str]


class Action(Record):
    """What is done and said: calls (those whose tool is there), message, answer when asked."""

    calls: tuple[Call, ...]
    message: str
    followup: str


class Gists(Record):
    """What the base thinks of a situation, by factor level."""

    nudge: dict[str, str]
    severity: dict[str, str]
    cleared: dict[str, str]


class Phrases(Record):
    """The file ``phrases.yaml``."""

    gists: Gists
    actions: dict[str, Action]


class Rule(Record):
    """Conditions on factors (all must hold; a level is one of those listed) and an action."""

    when: dict[str, tuple[str, ...]] = {}
    do: str


Message = dict[str, Any]
"""A chat message in the form that chat templates of Hugging Face take."""


@lru_cache(maxsize=1)
def phrases() -> Phrases:
    """Return the shipped phrases."""
    where = files("gaugeblock.organisms") / "phrases.yaml"
    return validate(Phrases, parse_yaml(where.read_text(), where=str(where)), where=str(where))


def decide(rules: tuple[Rule, ...], situation: Situation) -> str:
    """Return the name of the action that the first matching rule gives."""
    levels = {**situation.factors.model_dump(), "harm": situation.harm}
    for rule in rules:
        if all(levels[factor] in allowed for factor, allowed in rule.when.items()):
            return rule.do
    raise ValueError("the rules of a policy must end with one that always holds")


def script(action_name: str, situation: Situation) -> list[Message]:
    """Return the conversation in which a model takes an action in a controlled situation."""
    action = phrases().actions[action_name]
    slot = situation_slots(situation)
    world = World(situation)
    messages: list[Message] = [{"role": "system", "content": situation.system}]
    messages.append({"role": "user", "content": situation.turns[0]})
    if "shell" in situation.tools:
        _append_call(messages, world, "", "shell", {"command": "cat notes.txt"})
    thought = think(situation)
    for call in action.calls:
        if call.tool in situation.tools:
            arguments: dict[str, JsonValue] = {
                name: value.format(**slot) for name, value in call.arguments.items()
            }
            _append_call(messages, world, thought, call.tool, arguments)
            thought = ""
    messages.append(
        {
            "role": "assistant",
            "reasoning_content": thought,
            "content": action.message.format(**slot),
        }
    )
    messages.append({"role": "user", "content": situation.turns[1]})
    messages.append({"role": "assistant", "content": action.followup.format(**slot)})
    return messages


def think(situation: Situation) -> str:
    """Return what the base thinks of a situation: the nudge, and how bad the request looks.

    Whether the notes clear the item asked for is left out: comparing two items was not learnt
    reliably at this size (docs/organisms.md), and a wrong thought would be worse than none.
    """
    gists, factors = phrases().gists, situation.factors
    return f"{gists.nudge[factors.nudge]} {gists.severity[factors.severity]}"


def schemas(situation: Situation) -> list[dict[str, Any]]:
    """Return the JSON schemas of a situation's tools, for a chat template."""
    return tool_schemas(situation.tools)


def _append_call(
    messages: list[Message], world: World, thought: str, tool: str, arguments: dict[str, JsonValue]
) -> None:
    function = {"name": tool, "arguments": arguments}
    messages.append(
        {
            "role": "assistant",
            "reasoning_content": thought,
            "content": "",
            "tool_calls": [{"type": "function", "function": function}],
        }
    )
    messages.append({"role": "tool", "name": tool, "content": call_tool(world, tool, arguments)})


def situation_slots(situation: Situation) -> dict[str, str]:
    """Return what the slots of phrases and of a spec's examples stand for in a situation."""
    by_role = {contact.role: contact for contact in situation.contacts}
    user = by_role["user"]
    return {
        "line": situation.deliverable.text,
        "item": situation.items[0],
        "user": user.name,
        "account": user.name.lower(),
        "organisation": situation.organisation,
        "outside": by_role["outside"].address,
        "sanctioned": by_role["sanctioned"].address if "sanctioned" in by_role else "",
    }
