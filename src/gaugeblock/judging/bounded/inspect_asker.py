"""Any Inspect model as a judge."""

from __future__ import annotations

import math

from inspect_ai.model import ChatMessageUser, GenerateConfig, Logprob, Logprobs, Model, TopLogprob

from gaugeblock.judging.bounded.asking import Reply
from gaugeblock.logprobs.bounds import Position
from gaugeblock.logprobs.rows import TopEntry

_THINK_CLOSE = b"</think>"


class InspectAsker:
    """Asks an Inspect model; all positions of a reply are read.

    Reasoning that stands in the reply's own tokens is skipped: what is bounded is then the answer
    after that reasoning, not over all reasonings.

    Args:
        model: the judge.
        top: how many tokens to list.
        max_tokens: the longest reply.
        seed: seed of the first reply; the n-th gets the n-th after it, since one seed would give
            one reply n times. None leaves the seeds to the provider.
    """

    def __init__(
        self, model: Model, *, top: int = 20, max_tokens: int = 16, seed: int | None = None
    ) -> None:
        self._model, self._top, self._max_tokens = model, top, max_tokens
        self._seed = seed
        self._asked = 0

    async def ask(self, prompt: str, *, logprobs: bool, temperature: float) -> Reply:
        """Ask once, see :class:`~gaugeblock.judging.bounded.asking.Asker`."""
        seed = None if self._seed is None else self._seed + self._asked
        self._asked += 1
        config = GenerateConfig(
            temperature=temperature,
            max_tokens=self._max_tokens,
            logprobs=True if logprobs else None,
            top_logprobs=self._top if logprobs else None,
            seed=seed,
        )
        output = await self._model.generate([ChatMessageUser(content=prompt)], config=config)
        if not output.choices:
            return Reply("")
        listed = output.choices[0].logprobs if logprobs else None
        return Reply(output.completion, positions_of(listed, self._top))


def positions_of(logprobs: Logprobs | None, k: int) -> tuple[Position, ...]:
    """Return Inspect's logprobs as positions, reasoning left out; empty where nothing is listed.

    Args:
        logprobs: of one choice.
        k: how many tokens were asked for.
    """
    content = logprobs.content if logprobs is not None else []
    said, start = b"", 0
    for place, item in enumerate(content):
        said += _key(item)
        if said.endswith(_THINK_CLOSE) or (_THINK_CLOSE in said and start == 0):
            start = place + 1
            said = b""
    positions = [_position(item, k) for item in content[start:]]
    return tuple(positions) if positions and positions[0].top else ()


def prompt_tokens(logprobs: Logprobs, k: int) -> tuple[list[bytes], list[Position]]:
    """Return bytes and positions of a scored prompt's tokens.

    Args:
        logprobs: of the prompt; the token itself may be missing among the alternatives.
        k: how many tokens were asked for.
    """
    keys, positions = [], []
    for item in logprobs.content:
        key = _key(item)
        top = {_key(entry): _entry(entry) for entry in item.top_logprobs or ()}
        own = TopEntry(item.token, key, item.logprob, repr(item.logprob), item.bytes is not None)
        top.setdefault(key, own)
        keys.append(key)
        positions.append(Position(tuple(top.values()), key, k))
    return keys, positions


def _position(item: Logprob, k: int) -> Position:
    top = tuple(_entry(entry) for entry in item.top_logprobs or ())
    return Position(top, _key(item), k)


def _key(item: Logprob | TopLogprob) -> bytes:
    if item.bytes is not None:
        return bytes(item.bytes)
    return item.token.encode("utf-8", "surrogatepass")


def _entry(item: TopLogprob) -> TopEntry:
    # Inspect parses numbers to floats, so how they were printed is gone.
    value = math.nan if item.logprob is None else float(item.logprob)
    return TopEntry(item.token, _key(item), value, repr(value), item.bytes is not None)
