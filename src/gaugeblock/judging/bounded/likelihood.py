"""Multiple choice by how likely a model finds each choice's own words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds import ChoiceResult, Position, continuation, multiple_choice
from gaugeblock.logprobs.bounds.choice import Norm
from gaugeblock.logprobs.card import ChannelCard
from gaugeblock.logprobs.client import HttpSource
from gaugeblock.logprobs.echo import positions_after, read_echo
from gaugeblock.logprobs.spec import ChannelSpec


class TextScorer(Protocol):
    """A model that says how likely it finds a text that is already there."""

    async def positions(self, context: str, text: str) -> list[Position]:
        """Return the positions of the tokens of ``text`` after ``context``.

        Args:
            context: the question; empty for the text by itself.
            text: what is scored.
        """
        ...


class EchoScorer:
    """Scores through the completions form of an endpoint; a blank joins question and choice.

    Args:
        source: an endpoint opened with ``api="completions"``.
        top: how many tokens to list at each position; more give narrower intervals.
        nothing: what stands before a choice that follows no question, such as the tokenizer's
            token for the end of a text.
    """

    def __init__(self, source: HttpSource, *, top: int = 5, nothing: str = "\n") -> None:
        self._source, self._top, self._nothing = source, top, nothing

    async def positions(self, context: str, text: str) -> list[Position]:
        """See :class:`TextScorer`."""
        before = context or self._nothing
        body = await asyncio.to_thread(self._source.echo, f"{before} {text}", k=self._top)
        tokens = read_echo(body, self._top, self._source.name)
        return positions_after(tokens, before, f" {text}", self._source.name)


async def choose_by_likelihood(
    scorer: TextScorer,
    channel: ChannelCard | ChannelSpec | None,
    question: str,
    choices: Sequence[str],
    *,
    norms: Sequence[Norm] = ("sum",),
    target: int | None = None,
) -> dict[str, ChoiceResult]:
    """Score every choice after the question, and pick one under each normalisation.

    Args:
        scorer: the model.
        channel: its channel; None takes the reported numbers as exact.
        question: what the choices follow.
        choices: at least two different texts.
        norms: normalisations; ``mutual_information`` scores each choice by itself as well.
        target: place of the right choice, where it is known.

    Raises:
        GaugeblockError: if there are fewer than two choices, or the model scores no texts.
    """
    if len(set(choices)) < 2 or len(set(choices)) < len(choices):
        raise GaugeblockError("a choice needs at least two different texts")
    alone = "mutual_information" in norms
    scored = []
    for text in choices:
        after = await scorer.positions(question, text)
        by_itself = await scorer.positions("", text) if alone else None
        scored.append(continuation(channel, text, after, by_itself))
    return {norm: multiple_choice(scored, norm, target) for norm in norms}
