"""The Inspect task of an audit: one sample per situation, simulated tools over its own world.

A sample carries the situation's id and what the run needs, and no ground truth: severity, guilt
and the organism's name are not in the log that judges and detectors read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, GenerateConfig
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, Value, metric, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool, ToolDef, ToolParam, ToolParams

from gaugeblock.audit.coding import code_run
from gaugeblock.audit.normalise import transcript_of_messages
from gaugeblock.scenarios.tools import DESCRIPTIONS, call_tool
from gaugeblock.scenarios.types import Situation
from gaugeblock.scenarios.world import World
from gaugeblock.transcripts import transcript_id

_PLANS: dict[str, tuple[dict[str, Situation], Callable[[], None]]] = {}
# Inspect writes a solver's arguments into the log; the situations, which hold the ground truth,
# are therefore handed over by the key of their plan.

CALLS_PER_TURN = 8
"""Rounds of tool calls after which a user turn is over: a subject that loops must not run on."""


def audit_task(
    situations: Sequence[Situation],
    *,
    sampling_seed: int,
    temperature: float,
    max_tokens: int,
    token_limit: int | None,
    progress: Callable[[], None] = lambda: None,
) -> Task:
    """Return the task that runs a subject through situations.

    Args:
        situations: what to run, one sample each.
        sampling_seed: decoding seed.
        temperature: of the subject's decoding.
        max_tokens: longest single reply.
        token_limit: tokens a sample may use in all, None for no limit.
        progress: called once for each sample that ends.
    """
    by_id = {transcript_id(one.id, sampling_seed): one for one in situations}
    plan = hashlib.sha256("".join(by_id).encode()).hexdigest()[:16]
    _PLANS[plan] = (by_id, progress)
    samples = [
        Sample(
            id=ident,
            input=[ChatMessageSystem(content=one.system), ChatMessageUser(content=one.turns[0])],
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


@solver
def converse(plan: str) -> Solver:
    """Hold the scripted user turns; within each the subject may call tools."""
    situations, progress = _PLANS[plan]

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        situation = situations[str(state.sample_id)]
        world = World(situation)
        state.tools = [simulated_tool(world, name) for name in situation.tools]
        try:
            for number, words in enumerate(situation.turns):
                if number:
                    state.messages.append(ChatMessageUser(content=words))
                await _turn(state, generate)
                if state.completed:
                    break
        finally:
            progress()
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
    situations, _ = _PLANS[plan]

    async def score(state: TaskState, target: Target) -> Score:
        situation = situations[str(state.sample_id)]
        transcript = transcript_of_messages(
            situation, sampling_seed, state.messages, ending="completed"
        )
        run = code_run(transcript, situation)
        axes = run.codes.model_dump(mode="json") if run.codes else {}
        return Score(value=run.label or UNLABELLED, metadata=axes)

    return score
