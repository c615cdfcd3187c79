"""Asking a judge: what is needed of one, and how a source of logprobs is asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from gaugeblock.logprobs.bounds import Position
from gaugeblock.logprobs.source import Source


@dataclass(frozen=True)
class Reply:
    """One reply of a judge.

    Attributes:
        text: its words.
        positions: what was listed where, from the first word on; empty without logprobs.
    """

    text: str
    positions: tuple[Position, ...] = ()


class Asker(Protocol):
    """Any model that can be asked."""

    async def ask(self, prompt: str, *, logprobs: bool, temperature: float) -> Reply:
        """Ask once.

        Args:
            prompt: the user message.
            logprobs: whether to ask for logprobs.
            temperature: sampling temperature.
        """
        ...


class SourceAsker:
    """Anything that the probe can ask, an endpoint above all; needs no Inspect.

    The first position alone is read of the logprobs: answers of several tokens get wide
    intervals here. Judge them through Inspect.

    Args:
        source: the judge.
        top: how many tokens to list.
        max_tokens: the longest reply where logprobs are not asked for.
    """

    def __init__(self, source: Source, *, top: int = 20, max_tokens: int = 16) -> None:
        self._source, self._top, self._max_tokens = source, top, max_tokens

    async def ask(self, prompt: str, *, logprobs: bool, temperature: float) -> Reply:
        """Ask once, see :class:`Asker`."""
        answer = await asyncio.to_thread(
            self._source.ask,
            prompt,
            temperature=temperature,
            k=self._top,
            logprobs=logprobs,
            max_tokens=1 if logprobs else self._max_tokens,
        )
        if not answer.top:
            return Reply(answer.text)
        chosen = answer.chosen.key if answer.chosen is not None else None
        return Reply(answer.text, (Position(answer.top, chosen, self._top),))
