"""Local and Inspect models as sources of logprobs for ``gaugeblock channel``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.rows import TopEntry
from gaugeblock.logprobs.source import Answer
from gaugeblock.models.backend import ChatBackend
from gaugeblock.models.batching import BatchWorker
from gaugeblock.models.generation import encode_prompt
from gaugeblock.models.requests import GenerationRequest, TokenLogprob
from gaugeblock.models.tool_calls import clean_text
from gaugeblock.seeds import derive_seed


class LocalSource:
    """A loaded model, asked as a chat where it has a chat template and with bare text otherwise.

    Args:
        worker: the model with its queue; closed with the source.
        seed: of the sampled tokens; the n-th question has the n-th stream.
    """

    def __init__(self, worker: BatchWorker, seed: int = 0) -> None:
        self._worker = worker
        self._backend = ChatBackend(worker)
        self._seed = seed
        self._asked = 0

    @property
    def name(self) -> str:
        """The subject's id."""
        return self._worker.loaded.subject

    def __enter__(self) -> Self:
        """Use as a context manager to stop the worker."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._worker.close()

    def ids(self, prompt: str) -> tuple[int, ...]:
        """Return the token ids that the model reads for a prompt."""
        tokenizer = self._worker.loaded.tokenizer
        if getattr(tokenizer, "chat_template", None):
            return self._backend.prompt([{"role": "user", "content": prompt}], ()).ids
        return encode_prompt(tokenizer, clean_text(prompt))

    def ask(
        self,
        prompt: str,
        *,
        temperature: float,
        k: int,
        logprobs: bool = True,
        max_tokens: int = 1,
    ) -> Answer:
        """Ask once, see ``logprobs.source.Source``."""
        self._asked += 1
        request = GenerationRequest(
            prompt=self.ids(prompt),
            max_tokens=max_tokens,
            temperature=temperature,
            seed=derive_seed("probe", self._seed, self._asked),
            logprobs=logprobs,
            top_logprobs=k if logprobs else 0,
        )
        result = self._worker.submit(request).result()
        if not result.logprobs:
            return Answer(result.text, (), None)
        first = result.logprobs[0]
        top = tuple(_entry(item.bytes, item.logprob) for item in first.top)
        return Answer(result.text, top, _chosen(first))


def _chosen(item: TokenLogprob) -> TopEntry:
    return _entry(item.bytes, item.logprob)


def _entry(key: bytes, logprob: float) -> TopEntry:
    # Torch hands over float32; its shortest print is what a server would have sent.
    printed = str(np.float32(logprob))
    return TopEntry(key.decode("utf-8", "replace"), key, float(printed), printed, True)


class InspectSource:
    """Any model that Inspect can reach.

    Inspect parses numbers to floats, so they are printed as the shortest text of a float64, which
    is the text that came wherever the server printed no more digits than needed.

    Args:
        model: an Inspect model, see ``inspect_model.inspect_model``.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        # One event loop for all questions: providers keep their connections in it.
        self._runner = asyncio.Runner()

    @property
    def name(self) -> str:
        """The Inspect model id."""
        return str(self._model)

    def __enter__(self) -> Self:
        """Use as a context manager to close the event loop."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.close()

    def ask(
        self,
        prompt: str,
        *,
        temperature: float,
        k: int,
        logprobs: bool = True,
        max_tokens: int = 1,
    ) -> Answer:
        """Ask once, see ``logprobs.source.Source``.

        Raises:
            GaugeblockError: the provider fails; its message stays out, as it may hold secrets.
        """
        from inspect_ai.model import GenerateConfig

        asked = {"logprobs": True, "top_logprobs": k} if logprobs else {}
        config = GenerateConfig(temperature=temperature, max_tokens=max_tokens, **asked)
        try:
            output = self._runner.run(self._model.generate(prompt, config=config))
        except Exception as error:
            raise GaugeblockError(
                f"the provider fails ({type(error).__name__})",
                where=self.name,
                remedy="Check that the model answers and takes logprobs, with: inspect eval",
            ) from None
        choice = output.choices[0] if output.choices else None
        content: Sequence[Any] = choice.logprobs.content if choice and choice.logprobs else ()
        if not content:
            return Answer(output.completion, (), None)
        top = tuple(_inspect_entry(item) for item in content[0].top_logprobs or ())
        return Answer(output.completion, top, _inspect_entry(content[0]))


def _inspect_entry(item: Any) -> TopEntry:
    given = item.bytes is not None
    key = bytes(item.bytes) if given else item.token.encode("utf-8", "surrogatepass")
    return TopEntry(item.token, key, float(item.logprob), repr(float(item.logprob)), given)
