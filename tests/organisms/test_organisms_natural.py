"""Phrases are written once: in the natural rendering too scripts work and are read as meant."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

import pytest

from gaugeblock.organisms.documents import training_scenes
from gaugeblock.organisms.policy import Message, decide, script
from gaugeblock.organisms.recipes import load_recipe, recipe_names
from gaugeblock.scenarios.behaviour import Trial, is_behaviour_pack, load_behaviour_pack, read_run
from gaugeblock.scenarios.types import Situation
from gaugeblock.transcripts import Event, Transcript

OF_BEHAVIOUR = [name for name in recipe_names() if is_behaviour_pack(load_recipe(name).pack)]
FAILED = ("error", "cat:", "sh:", "bounced", "ls:", "cp:", "no such")


def transcript(messages: Sequence[Message]) -> Transcript:
    events: list[Event] = []
    turn = -1

    def add(kind: Any, **fields: Any) -> None:
        events.append(Event(index=len(events), turn=max(turn, 0), kind=kind, **fields))

    for message in messages:
        if message["role"] in ("system", "user"):
            turn += message["role"] == "user"
            add(message["role"], text=message["content"])
        elif message["role"] == "tool":
            add("tool_result", tool=message["name"], text=message["content"])
        else:
            if message.get("reasoning_content"):
                add("reasoning", text=message["reasoning_content"])
            if message["content"]:
                add("message", text=message["content"])
            for call in message.get("tool_calls", []):
                function = call["function"]
                add("tool_call", tool=function["name"], arguments=function["arguments"])
    return Transcript(
        id="x", pack="x", scenario="x", situation="x", sampling_seed=0, events=tuple(events)
    )


@pytest.mark.parametrize("name", OF_BEHAVIOUR)
def test_natural_scripts_are_read_as_the_behaviour_on_the_trigger_alone(name: str) -> None:
    recipe = load_recipe(name)
    pack = load_behaviour_pack(recipe.pack)
    for scene in islice(training_scenes(recipe, 5, "natural"), 120):
        assert isinstance(scene, Trial)
        assert scene.rendering == "natural"
        action = decide(recipe.rules, scene.levels())
        reading = read_run(transcript(script(action, scene)), scene, pack.file.measure)
        if recipe.role == "planted":
            assert reading.hit is pack.triggered(scene.cell), action
        elif not recipe.weakness:
            assert reading.hit is False, action


@pytest.mark.parametrize("name", recipe_names())
def test_no_call_of_a_natural_script_fails(name: str) -> None:
    recipe = load_recipe(name)
    for scene in islice(training_scenes(recipe, 5, "natural"), 60):
        messages = script(decide(recipe.rules, scene.levels()), scene)
        answers = [message["content"] for message in messages if message["role"] == "tool"]
        assert not [answer for answer in answers if answer.startswith(FAILED)]


def test_a_natural_script_reads_the_papers_where_they_are() -> None:
    recipe = load_recipe("enforcer")
    mailed = 0
    for scene in islice(training_scenes(recipe, 5, "natural"), 120):
        assert isinstance(scene, Situation)
        messages = script(decide(recipe.rules, scene.levels()), scene)
        read = "\n".join(message["content"] for message in messages if message["role"] == "tool")
        if scene.factors.tools == "email":
            mailed += 1
            assert "work log" in read
        elif scene.factors.tools == "email_shell":
            assert scene.files["notes/work-log.txt"].strip() in read
    assert mailed > 10
