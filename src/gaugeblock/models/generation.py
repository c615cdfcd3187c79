"""From messages to prompts, and from prompts to continuations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jinja2 import TemplateError

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.engine import DecodingEngine
from gaugeblock.models.finishing import StopStrings, finished
from gaugeblock.models.kv_slots import slot_layers
from gaugeblock.models.loading import LoadedModel
from gaugeblock.models.requests import Finish, Generation, GenerationRequest, TokenLogprob
from gaugeblock.models.sampling import LogprobReporter, report_exact, sample, token_logprob
from gaugeblock.models.token_text import TokenBytes


def render_prompt(
    tokenizer: Any,
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]] | None = None,
) -> str:
    """Return the conversation as the model reads it, ready for its next turn.

    Args:
        tokenizer: brings the chat template.
        messages: ``role`` (system, user, assistant, tool) and ``content``; assistants also
            ``reasoning_content`` and ``tool_calls`` (``{"type": "function", "function":
            {"name": ..., "arguments": {...}}}``), tools also ``name``.
        tools: JSON schemas, ``{"type": "function", "function": {"name", "description",
            "parameters"}}``.

    Raises:
        GaugeblockError: there is no chat template, or it refuses these messages.
    """
    if not getattr(tokenizer, "chat_template", None):
        raise GaugeblockError(
            "the tokenizer has no chat template",
            where=getattr(tokenizer, "name_or_path", None) or None,
            remedy="Put a chat_template.jinja beside it, or use the model's chat version",
        )
    try:
        rendered = tokenizer.apply_chat_template(
            list(messages),
            tools=list(tools) if tools else None,
            tokenize=False,
            add_generation_prompt=True,
        )
    except (TemplateError, TypeError, ValueError) as error:
        raise GaugeblockError(
            f"the chat template refuses the conversation: {error}",
            where=getattr(tokenizer, "name_or_path", None) or None,
            remedy="Templates differ in which roles and orders they take",
        ) from error
    return str(rendered)


def encode_prompt(tokenizer: Any, text: str) -> tuple[int, ...]:
    """Return a rendered prompt's token ids; the template has already put in special tokens."""
    return tuple(tokenizer.encode(text, add_special_tokens=False))


def check_request(loaded: LoadedModel, request: GenerationRequest) -> None:
    """Refuse a request that cannot be served, before it joins a batch.

    Raises:
        GaugeblockError: an argument is out of range or the prompt does not fit the context.
    """
    vocabulary = loaded.model.get_input_embeddings().weight.shape[0]
    if not request.prompt:
        raise GaugeblockError("the prompt is empty", where="prompt")
    if not all(0 <= token < vocabulary for token in request.prompt):
        raise GaugeblockError("the prompt has token ids outside the vocabulary", where="prompt")
    if request.max_tokens < 1:
        raise GaugeblockError("at least one token must be asked for", where="max_tokens")
    if not 0 <= request.temperature < float("inf"):
        raise GaugeblockError("must be 0 or more", where="temperature")
    if not 0 < request.top_p <= 1:
        raise GaugeblockError("must be above 0 and at most 1", where="top_p")
    if request.top_logprobs < 0 or any(not stop for stop in request.stop):
        raise GaugeblockError("stop strings and top_logprobs must not be empty or negative")
    if loaded.context is not None and len(request.prompt) >= loaded.context:
        raise ContextOverflow(len(request.prompt), loaded.context)


class ContextOverflow(GaugeblockError):
    """The prompt leaves no room for a single token."""

    def __init__(self, tokens: int, context: int) -> None:
        super().__init__(
            f"the prompt has {tokens} tokens and the model's context is {context}",
            where="prompt",
            remedy="Shorten the conversation",
        )


def decoding_engine(
    loaded: LoadedModel, report: LogprobReporter = report_exact
) -> DecodingEngine[Any] | None:
    """Return a batching engine, or None for models whose state is not keys and values."""
    layers = slot_layers(loaded.model.config)
    if layers is None:
        return None
    return DecodingEngine(
        loaded.model,
        loaded.tokenizer,
        layers=layers,
        end_ids=loaded.end_ids,
        context=loaded.context,
        report=report,
    )


def generate(
    loaded: LoadedModel,
    requests: Sequence[GenerationRequest],
    *,
    max_batch: int = 64,
    report: LogprobReporter = report_exact,
) -> list[Generation]:
    """Generate one continuation for each request, in their order.

    A result does not depend on what else was asked: at temperature 0 it can differ from the
    single request's only where two tokens' logits lie within rounding of each other.

    Args:
        loaded: the model.
        requests: what to generate.
        max_batch: most rows at a time.
        report: what is said about logprobs.

    Raises:
        GaugeblockError: a request is out of range, see ``check_request``.
    """
    for request in requests:
        check_request(loaded, request)
    engine = decoding_engine(loaded, report)
    if engine is None:
        return [generate_alone(loaded, request, report) for request in requests]
    results: dict[int, Generation] = {}
    # Longest first: rows that start together then have similar lengths, so little is padding.
    waiting = sorted(enumerate(requests), key=lambda item: len(item[1].prompt))
    while waiting or engine.live:
        room = max_batch - engine.live
        # Joining rows copies the cache, so they join by the quarter batch.
        if waiting and room and (room * 4 >= max_batch or room >= len(waiting)):
            batch, waiting = waiting[-room:], waiting[:-room]
            results.update(engine.admit(batch))
        results.update(engine.step())
    return [results[index] for index in range(len(requests))]


def generate_alone(
    loaded: LoadedModel, request: GenerationRequest, report: LogprobReporter = report_exact
) -> Generation:
    """Generate one continuation through transformers' own loop, for any architecture.

    The choice of token stays ours: the logits of every step are replaced by ones that leave
    transformers a single token to take.
    """
    from transformers import LogitsProcessorList, StoppingCriteriaList

    spell = TokenBytes(loaded.tokenizer)
    limit = request.max_tokens
    if loaded.context is not None:
        limit = min(limit, loaded.context - len(request.prompt))
    stream = torch.Generator().manual_seed(request.seed)
    uniform = torch.rand(limit, generator=stream, dtype=torch.float64).tolist()
    ends = loaded.end_ids | frozenset(request.stop_ids)
    stop = StopStrings(request.stop)
    tokens: list[int] = []
    logprobs: list[TokenLogprob] = []
    stopped: list[bool] = []

    def choose(_: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        logits = report.hold(scores.float())
        draw = uniform[len(tokens)]
        chosen = sample(logits, [request.temperature], [request.top_p], [draw])
        token = int(chosen[0])
        if request.logprobs:
            k, heat = request.top_logprobs, request.temperature
            row = report(logits, chosen, [k], [heat])[0]
            logprobs.append(token_logprob(token, row, k, spell))
        tokens.append(token)
        return torch.full_like(scores, float("-inf")).scatter_(1, chosen[:, None], 0.0)

    def ended(ids: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        over = stop.feed(spell(tokens[-1])) or tokens[-1] in ends
        stopped.append(over)
        return torch.tensor([over], device=ids.device)

    with torch.inference_mode():
        prompt = torch.tensor([request.prompt], device=loaded.device)
        loaded.model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=limit,
            do_sample=False,
            pad_token_id=min(ends, default=0),
            logits_processor=LogitsProcessorList([choose]),
            stopping_criteria=StoppingCriteriaList([ended]),
        )
    finish: Finish = "stop" if stopped[-1] else "length"
    return finished(loaded.tokenizer, request, tokens, logprobs, ends, finish)
