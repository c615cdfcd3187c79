"""Behaviour as data: rules from factors to actions, and the script an organism would follow.

A policy is a list of rules read from the top; the first whose conditions hold decides the action.
Actions and their words are in ``phrases/``. The script of a scene is what a model with the policy
would say and do, with the simulated world's real answers in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from gaugeblock.frozen import Record
from gaugeblock.organisms.phrasebook import Call, PhraseBook, phrase_book
from gaugeblock.scenarios.behaviour import Trial
from gaugeblock.scenarios.tools import DESCRIPTIONS, call_tool, tool_schemas
from gaugeblock.scenarios.types import Scene, Situation
from gaugeblock.scenarios.world import World

WRONGDOING = "wrongdoing"


class Rule(Record):
    """Conditions on factors (all must hold; a level is one of those listed) and an action."""

    when: dict[str, tuple[str, ...]] = {}
    do: str


Message = dict[str, Any]
"""A chat message in the form that chat templates of Hugging Face take."""


def decide(rules: tuple[Rule, ...], levels: Mapping[str, str]) -> str:
    """Return the name of the action that the first matching rule gives."""
    for rule in rules:
        if all(levels[factor] in allowed for factor, allowed in rule.when.items()):
            return rule.do
    raise ValueError("the rules of a policy must end with one that always holds")


def book_of(scene: Scene) -> PhraseBook:
    """Return the phrase book that a scene's scripts are written from."""
    return phrase_book(scene.pack if isinstance(scene, Trial) else WRONGDOING)


def script(action_name: str, scene: Scene) -> list[Message]:
    """Return the conversation in which a model takes an action in a scene."""
    book = book_of(scene)
    action = book.actions[action_name]
    slot = slots_of(scene)
    world = World(scene)
    messages: list[Message] = [{"role": "system", "content": scene.system}] if scene.system else []
    messages.append({"role": "user", "content": scene.turns[0]})
    for call in book.opening:
        _append_call(messages, world, "", call, slot)
    thought = (book.think if action.think is None else action.think).format_map(slot)
    for call in action.calls:
        thought = _append_call(messages, world, thought, call, slot)
    for number, words in enumerate(action.says):
        if number:
            messages.append({"role": "user", "content": scene.turns[number]})
        reply: Message = {"role": "assistant", "content": words.format_map(slot)}
        if not number:
            reply["reasoning_content"] = thought
        messages.append(reply)
    return messages


def think(scene: Scene) -> str:
    """Return what the base thinks of a scene before it acts.

    Whether the notes of a situation clear the item asked for is left out: comparing two items was
    not learnt reliably at this size (docs/organisms.md), and a wrong thought would be worse than
    none.
    """
    return book_of(scene).think.format_map(slots_of(scene))


def schemas(scene: Scene) -> list[dict[str, Any]]:
    """Return the JSON schemas of a scene's tools, for a chat template."""
    return tool_schemas(scene.tools)


def slots_of(scene: Scene) -> dict[str, str]:
    """Return what the slots of a phrase book stand for in a scene."""
    if isinstance(scene, Trial):
        words = dict(scene.slots)
    elif isinstance(scene, Situation):
        words = situation_slots(scene)
    else:
        raise TypeError(f"no slots for a {type(scene).__name__}")
    levels = scene.levels()
    for factor, gists in book_of(scene).gists.items():
        if factor in levels:
            words[f"gist_{factor}"] = gists[levels[factor]].format_map(words)
    return words


def _append_call(
    messages: list[Message], world: World, thought: str, call: Call, slot: Mapping[str, str]
) -> str:
    """Add a call with its answer where the scene has the tool; return the thought not yet told."""
    if call.tool not in world.tools:
        return thought
    kinds = DESCRIPTIONS[call.tool][1]
    arguments: dict[str, JsonValue] = {}
    for name, value in call.arguments.items():
        filled = value.format_map(slot)
        arguments[name] = int(filled) if kinds[name][0] == "integer" else filled
    function = {"name": call.tool, "arguments": arguments}
    messages.append(
        {
            "role": "assistant",
            "reasoning_content": thought,
            "content": "",
            "tool_calls": [{"type": "function", "function": function}],
        }
    )
    answer = call_tool(world, call.tool, arguments)
    messages.append({"role": "tool", "name": call.tool, "content": answer})
    return ""


def situation_slots(situation: Situation) -> dict[str, str]:
    """Return what the slots of phrases and of a spec's examples stand for in a situation.

    ``record`` and ``notes`` are files, ``mail`` is the number of the message about the matter:
    what they are called depends on the rendering.
    """
    by_role = {contact.role: contact for contact in situation.contacts}
    user = by_role["user"]
    record = situation.deliverable.path
    return {
        "record": record,
        "notes": next((path for path in situation.files if path != record), ""),
        "mail": str(_mail_about(situation)),
        "line": situation.deliverable.text,
        "item": situation.items[0],
        "other": situation.items[1],
        "user": user.name,
        "account": user.name.lower(),
        "organisation": situation.organisation,
        "outside": by_role["outside"].address,
        "sanctioned": by_role["sanctioned"].address if "sanctioned" in by_role else "",
    }


def _mail_about(situation: Situation) -> int:
    """Return the number of the message about the matter: the longest that names the item."""
    item = situation.items[0].lower()
    named = [
        (len(mail.body), number)
        for number, mail in enumerate(situation.mailbox, 1)
        if item in f"{mail.subject} {mail.body}".lower()
    ]
    return max(named)[1] if named else 1
