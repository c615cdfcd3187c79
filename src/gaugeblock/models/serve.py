"""A local subject behind an OpenAI-compatible HTTP server.

The server batches concurrent requests through the same worker as the Inspect provider, and its
conversations go the same: reasoning travels as ``reasoning_content``, unreadable calls as
``wire.message_to_wire`` says. ``report`` of the worker is what the server says about logprobs.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.spec import ChannelSpec
from gaugeblock.models.backend import ChatBackend, Decoding, tool_schema
from gaugeblock.models.batching import BatchWorker
from gaugeblock.models.generation import ContextOverflow
from gaugeblock.models.requests import Generation, GenerationRequest, TokenLogprob
from gaugeblock.models.token_text import TokenBytes
from gaugeblock.models.tool_calls import clean_text
from gaugeblock.models.wire import (
    ChatRequest,
    CompletionRequest,
    message_to_wire,
    messages_from_wire,
    tools_from_wire,
)
from gaugeblock.models.wire_logprobs import LogprobForm, chat_logprobs, completion_logprobs
from gaugeblock.seeds import derive_seed

_DEFAULT_CHAT_TOKENS = 512
_DEFAULT_COMPLETION_TOKENS = 16


def build_app(
    worker: BatchWorker,
    name: str,
    channel: ChannelSpec | None = None,
    backend: ChatBackend | None = None,
) -> FastAPI:
    """Return the ASGI application that serves a model.

    Args:
        worker: the model with its queue; the caller closes it.
        name: the model id under which it is served; requests for another get a 404.
        channel: how logprobs are written and how often a request is turned away; what is done
            to the numbers is the worker's ``report``, see ``served_channel.ServedChannel``.
        backend: who is talked to, see ``speakers.chat_backend``; the worker's model where None.
    """
    spec = channel or ChannelSpec()
    app = FastAPI(title="gaugeblock", docs_url=None, redoc_url=None, openapi_url=None)
    form = LogprobForm(spec.string_keyed, spec.drops)
    server = _Server(backend or ChatBackend(worker), name, form)
    if spec.rate_limited > 0:
        app.middleware("http")(_turning_away(spec.rate_limited))
    app.add_api_route("/v1/models", server.models, methods=["GET"])
    app.add_api_route("/v1/models/{model:path}", server.model, methods=["GET"])
    app.add_api_route("/v1/chat/completions", server.chat, methods=["POST"], response_model=None)
    app.add_api_route("/v1/completions", server.complete, methods=["POST"], response_model=None)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(GaugeblockError, _on_refused)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_failure)
    return app


class _Server:
    def __init__(self, backend: ChatBackend, name: str, form: LogprobForm) -> None:
        self._worker = worker = backend.worker
        self._backend = backend
        self._name = name
        self._form = form
        self._spell = TokenBytes(worker.loaded.tokenizer)
        self._started = int(time.time())

    async def models(self) -> dict[str, Any]:
        return {"object": "list", "data": [self._card()]}

    async def model(self, model: str) -> dict[str, Any]:
        self._check_name(model)
        return self._card()

    async def chat(self, body: ChatRequest) -> Response:
        self._check_name(body.model)
        body.refuse_unsupported()
        tools = [] if body.tool_choice == "none" else tools_from_wire(body.tools)
        if body.top_logprobs and not body.logprobs:
            raise GaugeblockError("needs logprobs to be true", where="top_logprobs")
        decoding = Decoding(
            max_tokens=body.max_completion_tokens or body.max_tokens or _DEFAULT_CHAT_TOKENS,
            temperature=1.0 if body.temperature is None else body.temperature,
            top_p=1.0 if body.top_p is None else body.top_p,
            stop=body.stops(),
            logprobs=bool(body.logprobs),
            top_logprobs=body.top_logprobs or 0,
        )
        prompt = self._backend.prompt(messages_from_wire(body.messages), tools)
        seed = secrets.randbits(63) if body.seed is None else body.seed
        futures = self._backend.submit(prompt, decoding, seed, body.n or 1)
        results = [await asyncio.wrap_future(future) for future in futures]
        schemas = [tool_schema(tool) for tool in tools]
        choices = []
        for index, result in enumerate(results):
            turn = self._backend.read(prompt, result, schemas)
            choices.append(
                {
                    "index": index,
                    "message": message_to_wire(turn),
                    "finish_reason": turn.finish,
                    "logprobs": chat_logprobs(result.logprobs, self._form),
                }
            )
        usage = _usage(len(prompt.ids), results)
        if body.stream:
            with_usage = bool((body.stream_options or {}).get("include_usage"))
            return _sse(self._chat_chunks(choices, usage if with_usage else None))
        return _json(self._envelope("chat.completion", choices) | {"usage": usage})

    async def complete(self, body: CompletionRequest) -> Response:
        self._check_name(body.model)
        body.refuse_unsupported()
        if not self._backend.raw_text:
            raise GaugeblockError(
                "a subject with a dial or a plant speaks in conversations only",
                where=body.model,
                remedy="Use /v1/chat/completions",
            )
        limit = _DEFAULT_COMPLETION_TOKENS if body.max_tokens is None else body.max_tokens
        if limit == 0 and not body.echo:
            raise GaugeblockError("0 makes sense with echo only", where="max_tokens")
        seed = secrets.randbits(63) if body.seed is None else body.seed
        prompts = [self._encode(prompt) for prompt in body.prompts()]
        jobs = []
        for prompt_index, prompt in enumerate(prompts):
            wanted = body.logprobs is not None
            scored = (
                self._worker.submit_score(prompt, body.logprobs or 0)
                if body.echo and wanted
                else None
            )
            for choice in range(body.n or 1):
                request = GenerationRequest(
                    prompt=prompt,
                    max_tokens=max(1, limit),
                    temperature=1.0 if body.temperature is None else body.temperature,
                    top_p=1.0 if body.top_p is None else body.top_p,
                    stop=body.stops(),
                    seed=derive_seed("completion", seed, prompt_index, choice),
                    logprobs=wanted,
                    top_logprobs=body.logprobs or 0,
                )
                jobs.append((prompt, scored, self._worker.submit(request) if limit else None))
        choices, results = [], []
        for index, (prompt, scored, running) in enumerate(jobs):
            result: Generation | None = None
            scores: tuple[TokenLogprob, ...] | None = None
            if running is not None:
                result = await asyncio.wrap_future(running)
            if scored is not None:
                scores = await asyncio.wrap_future(scored)
            choices.append(self._completion(index, body, prompt, scores, result))
            results += [] if result is None else [result]
        usage = _usage(sum(map(len, prompts)), results)
        envelope = self._envelope("text_completion", choices)
        if body.stream:
            return _sse([envelope])
        return _json(envelope | {"usage": usage})

    def _completion(
        self,
        index: int,
        body: CompletionRequest,
        prompt: tuple[int, ...],
        scores: tuple[TokenLogprob, ...] | None,
        result: Generation | None,
    ) -> dict[str, Any]:
        text = "" if result is None else result.text
        tokens: list[tuple[bytes, TokenLogprob | None]] = []
        if body.echo:
            text = self._worker.loaded.tokenizer.decode(list(prompt)) + text
            if scores is not None:
                tokens.append((self._spell(prompt[0]), None))
                tokens += [(item.bytes, item) for item in scores]
        if result is not None:
            tokens += [(item.bytes, item) for item in result.logprobs or ()]
        return {
            "index": index,
            "text": text,
            "finish_reason": "length" if result is None else result.finish,
            "logprobs": None if body.logprobs is None else completion_logprobs(tokens, self._form),
        }

    def _encode(self, prompt: str | list[int]) -> tuple[int, ...]:
        if isinstance(prompt, str):
            return tuple(self._worker.loaded.tokenizer.encode(clean_text(prompt)))
        return tuple(prompt)

    def _check_name(self, model: str) -> None:
        if model != self._name:
            raise HTTPException(404, f"this server serves {self._name} and nothing else")

    def _card(self) -> dict[str, Any]:
        return {
            "id": self._name,
            "object": "model",
            "created": self._started,
            "owned_by": "gaugeblock",
        }

    def _envelope(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": f"gaugeblock-{secrets.token_hex(8)}",
            "object": kind,
            "created": int(time.time()),
            "model": self._name,
            "choices": choices,
        }

    def _chat_chunks(
        self, choices: list[dict[str, Any]], usage: dict[str, int] | None
    ) -> list[dict[str, Any]]:
        # Rows of a batch end together often enough that token-wise streaming would only add
        # work; the stream has the form clients expect and comes when the reply is complete.
        envelope = self._envelope("chat.completion.chunk", [])
        chunks = []
        for choice in choices:
            calls = choice["message"].get("tool_calls", [])
            delta = {key: value for key, value in choice["message"].items() if key != "tool_calls"}
            if calls:
                delta["tool_calls"] = [{"index": i, **call} for i, call in enumerate(calls)]
            first = {"index": choice["index"], "delta": delta, "finish_reason": None}
            last = {"index": choice["index"], "delta": {}, "finish_reason": choice["finish_reason"]}
            chunks += [
                envelope | {"choices": [first | {"logprobs": choice["logprobs"]}]},
                envelope | {"choices": [last]},
            ]
        return chunks if usage is None else [*chunks, envelope | {"usage": usage}]


def _usage(prompt_tokens: int, results: list[Generation]) -> dict[str, int]:
    written = sum(len(result.tokens) for result in results)
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": written,
        "total_tokens": prompt_tokens + written,
    }


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(content, status_code=status)


def _sse(chunks: list[dict[str, Any]]) -> Response:
    async def lines() -> AsyncIterator[str]:
        for chunk in chunks:
            yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
        yield "data: [DONE]\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


def _turning_away(share: float) -> Callable[[Request, Any], Awaitable[Response]]:
    """Return a middleware that answers 429 to a share of the questions, in a fixed sequence."""
    draws = random.Random(derive_seed("rate limit", repr(share)))

    async def limit(request: Request, proceed: Any) -> Response:
        if request.method == "POST" and draws.random() < share:
            refused = _error(429, "too many requests", "rate_limit_error")
            refused.headers["Retry-After"] = "1"
            return refused
        answer: Response = await proceed(request)
        return answer

    return limit


def _error(
    status: int, message: str, kind: str, param: str | None = None, code: str | None = None
) -> Response:
    said = {"message": clean_text(message), "type": kind, "param": param, "code": code}
    return _json({"error": said}, status)


async def _on_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    return _error(400, f"{where or 'body'}: {first['msg']}", "invalid_request_error", where or None)


async def _on_refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, GaugeblockError)
    code = "context_length_exceeded" if isinstance(error, ContextOverflow) else None
    return _error(400, str(error), "invalid_request_error", error.where, code)


async def _on_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = "model_not_found" if error.status_code == 404 else None
    return _error(error.status_code, str(error.detail), "invalid_request_error", None, code)


async def _on_failure(_: Request, error: Exception) -> Response:
    return _error(500, f"{type(error).__name__} in the server", "server_error")
