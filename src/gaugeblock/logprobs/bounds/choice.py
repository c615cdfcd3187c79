"""Multiple choice over continuations: sum, per byte, per character, per token, mutual information.

The conventions are those of lm-evaluation-harness: ``acc`` takes the largest sum, ``acc_norm``
divides by characters, ``acc_bytes`` by UTF-8 bytes, ``acc_mutual_info`` subtracts the logprob of
the continuation without its question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.logprobs.bounds.value import BoundedValue

Norm = Literal["sum", "character", "byte", "token", "mutual_information"]


@dataclass(frozen=True)
class Continuation:
    """One choice of a question.

    Attributes:
        text: the choice itself, without the blank that joins it to the question; its characters
            and bytes are what the logprob is divided by, as in the harness.
        logprob: logprob of the choice after the question, the blank included.
        tokens: how many tokens it has.
        unconditional: logprob of the text without the question, for mutual information.
    """

    text: str
    logprob: BoundedValue
    tokens: int
    unconditional: BoundedValue | None = None


class ChoiceResult(Record):
    """Which choice wins under one normalisation.

    Attributes:
        norm: the normalisation.
        scores: one value per choice.
        choice: index of the largest reported score; the first of equals, as the harness has it.
        tied: further choices whose reported scores equal the largest.
        not_excluded: choices, the winner included, that the channel cannot rule out.
        correct: whether the winner is the target, where one was given.
        certain: whether ``correct`` holds for every value in the intervals.
    """

    norm: Norm
    scores: tuple[BoundedValue, ...]
    choice: int
    tied: tuple[int, ...]
    not_excluded: tuple[int, ...]
    correct: bool | None = None
    certain: bool = False


def _divided(value: BoundedValue, by: float) -> BoundedValue:
    def over(x: float | None) -> float | None:
        return None if x is None else x / by

    return value.model_copy(
        update={name: over(getattr(value, name)) for name in ("value", "low", "high", "sd")}
    )


def _minus(value: BoundedValue, other: BoundedValue) -> BoundedValue:
    def difference(x: float | None, y: float | None) -> float | None:
        return None if x is None or y is None else x - y

    sds = (value.sd, other.sd)
    sd = None if None in sds else sum(s * s for s in sds if s) ** 0.5
    return BoundedValue(
        value=difference(value.value, other.value),
        low=difference(value.low, other.high),
        high=difference(value.high, other.low),
        sd=sd,
        guaranteed=value.guaranteed and other.guaranteed,
        confidence=None if value.guaranteed and other.guaranteed else 0.95,
        calls=value.calls + other.calls,
    )


def _mutual(choice: Continuation) -> BoundedValue:
    if choice.unconditional is None:
        raise GaugeblockError(
            "mutual information needs the logprob of each choice without its question",
            where=choice.text,
        )
    return _minus(choice.logprob, choice.unconditional)


_NORMS: dict[Norm, Callable[[Continuation], BoundedValue]] = {
    "sum": lambda c: c.logprob,
    "character": lambda c: _divided(c.logprob, max(len(c.text), 1)),
    "byte": lambda c: _divided(c.logprob, max(len(c.text.encode()), 1)),
    "token": lambda c: _divided(c.logprob, max(c.tokens, 1)),
    "mutual_information": _mutual,
}


def multiple_choice(
    choices: Sequence[Continuation], norm: Norm = "sum", target: int | None = None
) -> ChoiceResult:
    """Pick the likeliest continuation and name those that the channel cannot rule out.

    Args:
        choices: at least one continuation.
        norm: what the logprob is divided by.
        target: index of the right choice, where known.

    Raises:
        GaugeblockError: if there is no choice, or none has a value.
    """
    scores = tuple(_NORMS[norm](choice) for choice in choices)
    known = [i for i, score in enumerate(scores) if score.value is not None]
    if not known:
        raise GaugeblockError("no choice has a logprob")
    best = max(known, key=lambda i: (scores[i].value, -i))
    tied = tuple(i for i in known if i != best and scores[i].value == scores[best].value)
    standing = tuple(
        i
        for i, score in enumerate(scores)
        if not any(other.certainly_above(score) for other in scores)
    )
    correct = None if target is None else best == target
    certain = target is not None and (standing == (target,) or target not in standing)
    return ChoiceResult(
        norm=norm,
        scores=scores,
        choice=best,
        tied=tied,
        not_excluded=standing,
        correct=correct,
        certain=certain,
    )
