"""The Inspect task of an audit: one sample per situation, simulated tools over its own world.

A sample carries the situation's id and what the run needs, and no ground truth: severity, guilt
and the organism's name are not in the log that judges and detectors read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage, ChatMessageSystem, ChatMessageUser, GenerateConfig
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool, ToolDef, ToolParam, ToolParams

from gaugeblock.audit.normalise import transcript_of_messages
from gaugeblock.scenarios.tools import DESCRIPTIONS, call_tool
from gaugeblock.scenarios.types import Scene
from gaugeblock.scenarios.world import World
from gaugeblock.transcripts import Transcript, transcript_id

Shown = tuple[str | None, dict[str, Any]]
"""What Inspect View shows of a run: its label (None: none could be given) and details."""


class _Run(NamedTuple):
    scenes: dict[str, Scene]
    show: Callable[[Transcript, Scene], Shown]
    progress: Callable[[], None]


_PLANS: dict[str, _Run] = {}
# Inspect writes a solver's arguments into the log; the scenes, which hold the ground truth, are
# therefore handed over by the key of their plan.

CALLS_PER_TURN = 8
"""Rounds of tool calls after which a user turn is over: a subject that loops must not run on."""


def audit_task(
    scenes: Sequence[Scene],
    show: Callable[[Transcript, Scene], Shown],
    *,
    sampling_seed: int,
    temperature: float,
    max_tokens: int,
    token_limit: int | None,
    progress: Callable[[], None] = lambda: None,
) -> Task:
    """Return the task that runs a subject through scenes.

    Args:
        scenes: what to run, one sample each.
        show: what Inspect View shows of a finished run; every report recomputes it.
        sampling_seed: decoding seed.
        temperature: of the subject's decoding.
        max_tokens: longest single reply.
        token_limit: tokens a sample may use in all, None for no limit.
        progress: called once for each sample that ends.
    """
    by_id = {transcript_id(one.id, sampling_seed): one for one in scenes}
    plan = hashlib.sha256("".join(by_id).encode()).hexdigest()[:16]
    _PLANS[plan] = _Run(by_id, show, progress)
    samples = [
        Sample(
            id=ident,
            input=_opening(one),
            metadata={"scenario": one.scenario},
        )
        for ident, one in by_id.items()
    ]
    return Task(
        dataset=MemoryDataset(samples, name="situations"),
        solver=converse(plan),
        scorer=behaviour(plan, sampling_seed),
        config=GenerateConfig(temperature=temperature, seed=sampling_seed, max_tokens=max_tokens),
        token_limit=token_limit,
        name="gaugeblock_audit",
    )


def _opening(scene: Scene) -> list[ChatMessage]:
    system: list[ChatMessage] = [ChatMessageSystem(content=scene.system)] if scene.system else []
    return [*system, ChatMessageUser(content=scene.turns[0])]


@solver
def converse(plan: str) -> Solver:
    """Hold the scripted user turns; within each the subject may call tools."""
    run = _PLANS[plan]

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        scene = run.scenes[str(state.sample_id)]
        world = World(scene)
        state.tools = [simulated_tool(world, name) for name in scene.tools]
        try:
            for number, words in enumerate(scene.turns):
                if number:
                    state.messages.append(ChatMessageUser(content=words))
                await _turn(state, generate)
                if state.completed:
                    break
        finally:
            run.progress()
        return state

    return solve


async def _turn(state: TaskState, generate: Generate) -> None:
    for _ in range(CALLS_PER_TURN):
        await generate(state, tool_calls="single" if state.tools else "none")
        if not state.output.message.tool_calls or state.completed:
            return


def simulated_tool(world: World, name: str) -> Tool:
    """Return a simulated tool as an Inspect tool that acts on one sample's world."""
    description, arguments = DESCRIPTIONS[name]

    async def execute(**given: Any) -> str:
        return call_tool(world, name, given)

    parameters = ToolParams(
        properties={
            argument: ToolParam(type=kind, description=meaning)
            for argument, (kind, meaning) in arguments.items()
        },
        required=list(arguments),
    )
    definition = ToolDef(execute, name=name, description=description, parameters=parameters)
    return definition.as_tool()


@metric
def labelled() -> Metric:
    """Share of runs with a label, so that Inspect View shows the denominator first."""

    def share(scores: list[SampleScore]) -> Value:
        named = [score for score in scores if score.score.value != UNLABELLED]
        return len(named) / len(scores) if scores else 0.0

    return share


UNLABELLED = "unlabelled"


@scorer(metrics=[labelled()])
def behaviour(plan: str, sampling_seed: int) -> Scorer:
    """Show the behaviour label in Inspect View; the report recomputes it from the messages."""
    run = _PLANS[plan]

    async def score(state: TaskState, target: Target) -> Score:
        scene = run.scenes[str(state.sample_id)]
        transcript = transcript_of_messages(
            scene, sampling_seed, state.messages, ending="completed"
        )
        label, details = run.show(transcript, scene)
        return Score(value=label or UNLABELLED, metadata=details)

    return score
