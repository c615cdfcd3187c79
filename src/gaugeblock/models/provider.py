"""The Inspect provider of local subjects: ``--model gaugeblock/builtin/enforcer``.

Requests that Inspect makes at the same time run as one batch. Inspect's adaptive connections
start at 20; pass ``max_connections`` (or ``adaptive_connections=False``) for full batches.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    Content,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
    TopLogprob,
)
from inspect_ai.tool import ToolCall, ToolChoice, ToolInfo

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.backend import (
    AssistantTurn,
    ChatBackend,
    Decoding,
    assistant_message,
    canonical_tool,
    tool_message,
    tool_schema,
)
from gaugeblock.models.generation import ContextOverflow
from gaugeblock.models.requests import TokenLogprob
from gaugeblock.models.workers import close_backend, open_backend

_STOP_REASONS: dict[str, StopReason] = {
    "stop": "stop",
    "tool_calls": "tool_calls",
    "length": "max_tokens",
}


class GaugeblockAPI(ModelAPI):
    """Talks to a local subject in process.

    Args:
        model_name: the subject id, such as ``builtin/enforcer@0.1`` or ``/path/to/checkpoint``.
        base_url: not used; Inspect passes it to every provider.
        api_key: not used.
        config: Inspect's generation config.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        dtype: ``float32``, ``bfloat16`` or ``float16``.
        threads: torch's CPU threads.
        max_batch: most rows generated at a time, and Inspect's number of connections.
        trust_remote_code: run model code that the checkpoint brings along.
    """

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008
        device: str = "cpu",
        dtype: str = "float32",
        threads: int = 1,
        max_batch: int = 64,
        trust_remote_code: bool = False,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        self._key = (model_name, device, dtype, threads, max_batch, trust_remote_code)
        self._backend: ChatBackend | None
        self._backend, self._held = open_backend(self._key)

    def max_connections(self) -> int:
        """Return as many connections as fit in a batch."""
        return self._key[4]

    def max_tokens(self) -> int | None:
        """Return the default length of a reply."""
        return 512

    def connection_key(self) -> str:
        """Return a pool of connections for each loaded model."""
        return repr(self._key)

    def close(self) -> None:
        """Let go of the weights; another call loads them again."""
        if self._backend is not None:
            self._backend = None
            close_backend(self._held)

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Generate a reply; malformed tool calls come back with ``parse_error`` set.

        ``prompt_logprobs`` scores the rendered prompt, a last assistant message included; its
        first token follows nothing and is left out, as vLLM leaves it out.
        """
        if self._backend is None:
            self._backend, self._held = open_backend(self._key)
        backend = self._backend
        offered = [] if tool_choice == "none" else [_tool_json(tool) for tool in tools]
        schemas = [tool_schema(tool) for tool in offered]
        decoding = Decoding(
            max_tokens=config.max_tokens or 512,
            temperature=1.0 if config.temperature is None else config.temperature,
            top_p=1.0 if config.top_p is None else config.top_p,
            stop=tuple(config.stop_seqs or ()),
            logprobs=bool(config.logprobs),
            top_logprobs=config.top_logprobs or 0,
        )
        # Without a seed a run is meant to vary; with one it repeats to the token.
        seed = secrets.randbits(63) if config.seed is None else config.seed
        prompt = backend.prompt(template_messages(input), offered)
        scored = None
        try:
            futures = backend.submit(prompt, decoding, seed, config.num_choices or 1)
            if config.prompt_logprobs and backend.raw_text:
                scored = backend.worker.submit_score(prompt.ids, config.prompt_logprobs)
        except ContextOverflow as error:
            return ModelOutput.from_content(self.model_name, str(error), stop_reason="model_length")
        results = [await asyncio.wrap_future(future) for future in futures]
        told = None
        if scored is not None:
            scores = await asyncio.wrap_future(scored)
            told = _logprobs(scores)
        written = sum(len(result.tokens) for result in results)
        return ModelOutput(
            model=self.model_name,
            choices=[
                _choice(self.model_name, backend.read(prompt, result, schemas), told)
                for result in results
            ],
            usage=ModelUsage(
                input_tokens=len(prompt.ids),
                output_tokens=written,
                total_tokens=len(prompt.ids) + written,
            ),
        )


def template_messages(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """Return Inspect's messages as the chat template takes them.

    Raises:
        GaugeblockError: a message holds an image or another medium.
    """
    converted: list[dict[str, Any]] = []
    for message in messages:
        text, reasoning = _split_content(message)
        if isinstance(message, ChatMessageAssistant):
            calls = [(call.id, call.function, call.arguments) for call in message.tool_calls or []]
            converted.append(assistant_message(text, reasoning, calls))
        elif isinstance(message, ChatMessageTool):
            # The words an OpenAI-compatible server is sent for a failed call, so that both
            # paths tell the model the same.
            said = f"Error: {message.error.message}" if message.error else text
            converted.append(tool_message(message.tool_call_id or "", message.function or "", said))
        else:
            converted.append({"role": message.role, "content": text})
    return converted


def _split_content(message: ChatMessage) -> tuple[str, str | None]:
    if isinstance(message.content, str):
        return message.content, None
    words: list[str] = []
    thoughts: list[str] = []
    for part in message.content:
        if isinstance(part, ContentText):
            words.append(part.text)
        elif isinstance(part, ContentReasoning):
            thoughts.append(part.reasoning)
        else:
            raise GaugeblockError(f"local subjects read text only, not {part.type}")
    return "\n".join(words), "\n\n".join(thoughts) or None


def _tool_json(tool: ToolInfo) -> dict[str, Any]:
    parameters = tool.parameters.model_dump(exclude_none=True)
    return canonical_tool(tool.name, tool.description, parameters)


def _choice(model: str, turn: AssistantTurn, prompt: Logprobs | None) -> ChatCompletionChoice:
    content: str | list[Content] = turn.content
    if turn.reasoning:
        content = [ContentReasoning(reasoning=turn.reasoning), ContentText(text=turn.content)]
    calls = [
        ToolCall(
            id=call.id,
            function=call.name,
            arguments=dict(call.arguments),
            parse_error=call.problem,
        )
        for call in turn.calls
    ]
    return ChatCompletionChoice(
        message=ChatMessageAssistant(
            content=content, tool_calls=calls or None, model=model, source="generate"
        ),
        stop_reason=_STOP_REASONS[turn.finish],
        logprobs=_logprobs(turn.generation.logprobs),
        prompt_logprobs=prompt,
    )


def _logprobs(items: Sequence[TokenLogprob] | None) -> Logprobs | None:
    if items is None:
        return None
    return Logprobs(
        content=[
            Logprob(
                token=item.bytes.decode("utf-8", "replace"),
                logprob=item.logprob,
                bytes=list(item.bytes),
                top_logprobs=[
                    TopLogprob(
                        token=top.bytes.decode("utf-8", "replace"),
                        logprob=top.logprob,
                        bytes=list(top.bytes),
                    )
                    for top in item.top
                ]
                or None,
            )
            for item in items
        ]
    )
