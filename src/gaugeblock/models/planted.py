"""A plant in any Inspect model: the instruction joins each request below Inspect's log.

The provider's own object is kept and only its ``generate`` is wrapped, so that retries, limits and
connections stay the provider's; Inspect records the messages before, and of the request and of an
error's echo of it nothing is handed back.
"""

from __future__ import annotations

import asyncio
import contextvars
import re
from collections.abc import Callable, Coroutine
from typing import Any

from inspect_ai.model import (
    ChatMessage,
    ChatMessageSystem,
    ContentText,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    get_model,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.plants import Plant, joined, load_plant, split_plant
from gaugeblock.models.subjects import inspect_model_id

WITHHELD = "[withheld]"
"""Stands in error messages where a server repeated the instruction."""

_EVENT = "_active_model_event"
# Name of the context variable by which Inspect's providers write the raw request into the log.
# Inspect logs it for failed requests even where the log is told to leave requests out.


def open_api(
    model_name: str,
    base_url: str | None = None,
    api_key: str | None = None,
    config: GenerateConfig = GenerateConfig(),  # noqa: B008
    **model_args: Any,
) -> ModelAPI:
    """Return what stands behind ``gaugeblock/SUBJECT``, with or without a plant.

    Raises:
        GaugeblockError: the subject does not load, or there is no such plant.
    """
    from gaugeblock.models.provider import GaugeblockAPI

    inner, name = split_plant(model_name)
    if name is None:
        return GaugeblockAPI(model_name, base_url, api_key, config, **model_args)
    plant = load_plant(name)
    model = get_model(
        inspect_model_id(inner),
        config=config,
        base_url=base_url,
        api_key=api_key,
        memoize=False,
        **model_args,
    )
    plant_in(model.api, plant)
    return model.api


def plant_in(api: ModelAPI, plant: Plant) -> None:
    """Make a provider add a plant's instruction to every request, and tell nobody."""
    providers_own = api.generate
    instruction = plant.instruction

    async def generate(
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        if config.cache:
            raise GaugeblockError(
                "Inspect's cache cannot tell a planted model from the model itself",
                where=f"plant {plant.id}",
                remedy="Turn the cache off",
            )
        planted = planted_messages(input, instruction)
        try:
            result = await below_the_log(
                lambda: providers_own(
                    input=planted, tools=tools, tool_choice=tool_choice, config=config
                )
            )
        except Exception as error:
            _withhold(error, instruction)
            raise
        output: ModelOutput | Exception = result[0] if isinstance(result, tuple) else result
        if isinstance(output, Exception):
            _withhold(output, instruction)
        # Inspect raises an exception that is handed back without its request, too.
        return output  # type: ignore[return-value]

    api.generate = generate  # type: ignore[method-assign]


def planted_messages(messages: list[ChatMessage], instruction: str) -> list[ChatMessage]:
    """Return Inspect's messages with the instruction at the end of the system prompt."""
    if not messages or not isinstance(messages[0], ChatMessageSystem):
        return [ChatMessageSystem(content=instruction), *messages]
    first = messages[0]
    if isinstance(first.content, str):
        return [ChatMessageSystem(content=joined(first.content, instruction)), *messages[1:]]
    parts = [*first.content, ContentText(text=instruction)]
    return [ChatMessageSystem(content=parts), *messages[1:]]


async def below_the_log(call: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Await a provider's call where it cannot write its request into Inspect's log."""
    context = contextvars.copy_context()
    found = [variable for variable in context if variable.name == _EVENT]
    if not found:
        # Outside of an evaluation, or in an Inspect that keeps its event elsewhere: then nothing
        # of the context is passed on, so that the request cannot get into the log either way.
        context = contextvars.Context()
    for variable in found:
        context.run(variable.set, None)
    return await asyncio.get_running_loop().create_task(call(), context=context)


def _withhold(error: BaseException | None, instruction: str) -> None:
    """Take the instruction out of an error and its causes: servers repeat what they refuse."""
    sentences = re.findall(r"[^.!?:;]{20,}[.!?:;]*", instruction)
    words = (instruction, *(sentence.strip() for sentence in sentences))
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        fields = {"args": error.args, **vars(error)}
        for name, value in fields.items():
            cleaned = _cleaned(value, words)
            if cleaned is not value:
                setattr(error, name, cleaned)
        error = error.__cause__ or error.__context__


def _cleaned(value: Any, words: tuple[str, ...]) -> Any:
    if isinstance(value, str):
        for word in words:
            if word in value:
                value = value.replace(word, WITHHELD)
        return value
    if isinstance(value, dict):
        cleaned = {key: _cleaned(inner, words) for key, inner in value.items()}
        return value if all(cleaned[key] is value[key] for key in value) else cleaned
    if type(value) in (tuple, list):
        parts = [_cleaned(inner, words) for inner in value]
        same = all(new is old for new, old in zip(parts, value, strict=True))
        return value if same else type(value)(parts)
    return value
