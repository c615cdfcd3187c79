"""One interface for judgements read from logprobs and from samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds.answers import Answer, read_beginning
from gaugeblock.logprobs.bounds.gather import Gathered, Vocabulary
from gaugeblock.logprobs.bounds.leaves import Position, unfold
from gaugeblock.logprobs.bounds.value import BoundedValue
from gaugeblock.logprobs.card import ChannelCard
from gaugeblock.logprobs.channel.grid.verdict import ENOUGH_BITS
from gaugeblock.logprobs.spec import ChannelSpec


class Judgement(Protocol):
    """The masses of several answers; see :class:`Gathered` and :class:`Sampled`."""

    names: tuple[str, ...]
    calls: int
    method: str

    @property
    def seen(self) -> float:
        """Probability of all answers together."""
        ...

    def mean(self, scores: Sequence[float]) -> BoundedValue:
        """Return the mean score, renormalised over the answers."""
        ...

    def share(self, name: str) -> BoundedValue:
        """Return an answer's share of the mass of all answers."""
        ...

    def probability(self, name: str) -> BoundedValue:
        """Return the probability that the text begins with an answer."""
        ...

    def log_odds(self, first: str, second: str) -> BoundedValue:
        """Return the log-odds of one answer over another, nats."""
        ...


def candidates_of(channel: ChannelCard | ChannelSpec | None) -> tuple[ChannelSpec, ...]:
    """Return the channels that an interval must hold for.

    Args:
        channel: a card, a stated channel, or None to take the reported numbers as exact.

    Raises:
        GaugeblockError: if the card does not exclude noise of unknown size, which bounds nothing.
    """
    if channel is None:
        return (ChannelSpec(),)
    if isinstance(channel, ChannelSpec):
        return (channel,)
    if channel.family == "undecided":
        evidence = channel.grid.evidence
        best = max(evidence.values(), default=0.0)
        if best - evidence.get("noise", -float("inf")) < ENOUGH_BITS:
            raise GaugeblockError(
                "the channel card does not exclude noise, so nothing bounds a judgement",
                where=channel.source,
                remedy="Probe again with repeats (a larger --budget), or judge by sampling",
            )
    if not channel.candidates:
        raise GaugeblockError("the channel card names no channel", where=channel.source)
    return channel.candidates


def gather(
    channel: ChannelCard | ChannelSpec | None,
    repeats: Sequence[Sequence[Position]],
    answers: Sequence[Answer],
    *,
    vocabulary: Vocabulary | None = None,
    exact: bool = False,
) -> Gathered:
    """Gather the masses of several answers from what an API listed.

    Args:
        channel: see :func:`candidates_of`.
        repeats: for each answer to one prompt its positions; further positions are read only
            while the sampled text is a piece of an answer.
        answers: the possible answers.
        vocabulary: from :func:`spelling_tokens`, where the server's vocabulary is known.
        exact: see :func:`read_beginning`; only the first position is read.

    Raises:
        GaugeblockError: if nothing was listed, or the answer cannot have come from the channel.
    """

    def undecided(text: bytes) -> bool:
        return not exact and not read_beginning(text, answers).settled

    leaves = unfold(candidates_of(channel), repeats, undecided)
    return Gathered(leaves, answers, vocabulary=vocabulary, exact=exact)
