"""The logprob of a given text, token by token, as a choice of a question."""

from __future__ import annotations

from collections.abc import Sequence

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds.choice import Continuation
from gaugeblock.logprobs.bounds.judgement import candidates_of
from gaugeblock.logprobs.bounds.leaves import Position, position_box
from gaugeblock.logprobs.bounds.text import text_logprob, token_logprob
from gaugeblock.logprobs.bounds.value import BoundedValue
from gaugeblock.logprobs.card import ChannelCard
from gaugeblock.logprobs.spec import ChannelSpec


def logprob_of(
    channel: ChannelCard | ChannelSpec | None, positions: Sequence[Position]
) -> BoundedValue:
    """Return P(text), as a logprob, from the positions of its tokens.

    It is the probability of this tokenization; :func:`gather` gathers all spellings of an answer,
    but only as far as they were listed.

    Args:
        channel: a card, a stated channel, or None to take the reported numbers as exact.
        positions: one per token, each with its ``chosen``.

    Raises:
        GaugeblockError: if there is no token, or one cannot have come from the channel.
    """
    candidates = candidates_of(channel)
    values = []
    for position in positions:
        keys, box = position_box(candidates, position)
        if position.chosen is None:
            raise GaugeblockError("it is not known which token stands at a position")
        place = keys.index(position.chosen) if position.chosen in keys else None
        values.append(token_logprob(box, place))
    total = text_logprob(values)
    # All tokens of a text come in one reply.
    return total.model_copy(update={"calls": 1})


def continuation(
    channel: ChannelCard | ChannelSpec | None,
    text: str,
    positions: Sequence[Position],
    unconditional: Sequence[Position] | None = None,
) -> Continuation:
    """Return one choice of a question for :func:`multiple_choice`.

    Args:
        channel: see :func:`logprob_of`.
        text: the choice, without the blank that joins it to the question.
        positions: of the choice's tokens after the question, blank included.
        unconditional: of its tokens without the question, for mutual information.

    Raises:
        GaugeblockError: see :func:`logprob_of`.
    """
    alone = None if unconditional is None else logprob_of(channel, unconditional)
    return Continuation(text, logprob_of(channel, positions), len(positions), alone)
