"""All the ways an answer can be spelt, gathered into its mass, with bounds for the unlisted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds.answers import LEAD, Answer, Meaning, read_beginning
from gaugeblock.logprobs.bounds.box import NORMAL_95
from gaugeblock.logprobs.bounds.leaves import Leaf, Leaves
from gaugeblock.logprobs.bounds.score import highest_mean
from gaugeblock.logprobs.bounds.value import BoundedValue, open_end
from gaugeblock.logprobs.floats import Array

Vocabulary = Mapping[bytes, Meaning]


def spelling_tokens(vocabulary: Iterable[bytes], answers: Sequence[Answer]) -> Vocabulary:
    """Return the tokens of a vocabulary that spell or begin an answer.

    Knowing them narrows the intervals: only so many unlisted tokens can belong to an answer.

    Args:
        vocabulary: bytes of every token of the server's tokenizer.
        answers: the possible answers.
    """
    first = {spelling[:1] for answer in answers for spelling in answer.spellings}
    found = {}
    for token in vocabulary:
        rest = token.lstrip(LEAD)
        if rest and rest[:1] not in first and printed(rest)[:1] not in first:
            continue
        meaning = read_beginning(token, answers)
        # A token that only prints like an answer is kept too, as one that is none.
        if any(_places(m) for m in (meaning, read_beginning(printed(token), answers))):
            found[token] = meaning
    return found


def printed(token: bytes) -> bytes:
    """Return what is left of a token where pieces of characters print as nothing."""
    return token.decode("utf-8", "ignore").encode()


@dataclass(frozen=True)
class _Share:
    """What one leaf can give to the answers.

    Attributes:
        low: the least that it weighs.
        high: the most that it weighs.
        to: places of the answers it may belong to; empty for none.
        sure: whether it is certain to belong to one of them.
        counted: place of the answer whose reported mass it is part of.
        weight: reported weight.
        sd: typical error of the log weight.
    """

    low: float
    high: float
    to: frozenset[int]
    sure: bool
    counted: int | None
    weight: float
    sd: float


# Places of the answers that a weight may go to, its least and its greatest value.
_Row = tuple[frozenset[int], float, float]


class Gathered:
    """The masses of several answers, from logprobs.

    A token that spells an answer counts for it in full, unless it may go on to another ("1" to
    "10"). What is only a beginning counts in the value where one answer alone is possible, and in
    the interval from nothing to all; the next position of the answer, if it is known, settles it.
    What was not listed may be any answer, up to the missing mass; with the server's vocabulary
    also up to the smallest listed weight for each token that could spell it.

    Args:
        leaves: what the answer tells of.
        answers: the possible answers.
        vocabulary: tokens that spell or begin an answer, from :func:`spelling_tokens`.
        exact: see :func:`read_beginning`.
    """

    method = "logprobs"

    def __init__(
        self,
        leaves: Leaves,
        answers: Sequence[Answer],
        *,
        vocabulary: Vocabulary | None = None,
        exact: bool = False,
    ) -> None:
        self.names = tuple(answer.name for answer in answers)
        self.guaranteed = leaves.guaranteed
        self.calls = leaves.calls
        self._leaves = leaves
        # Where texts stand for tokens, these may be another token's; without a vocabulary, all.
        self._aliases = None
        if vocabulary is not None:
            self._aliases = {printed(token) for token in vocabulary if printed(token) != token}
        self._shares = [self._share(leaf, answers, exact) for leaf in leaves.leaves]
        every = frozenset(range(len(answers)))
        self._hidden: list[tuple[frozenset[int], float]] = [(every, leaves.unseen_total)]
        if vocabulary is not None:
            listed = {leaf.text for leaf in leaves.leaves}
            each = min(leaves.unseen_each, leaves.unseen_total)
            self._hidden = [
                (_places(meaning), each)
                for token, meaning in vocabulary.items()
                if token not in listed and _places(meaning)
            ]

    def _share(self, leaf: Leaf, answers: Sequence[Answer], exact: bool) -> _Share:
        meaning = read_beginning(leaf.text, answers, ended=leaf.ended, exact=exact)
        if not leaf.text:
            # The end of the text, where an answer should stand, is none.
            meaning = Meaning(None, frozenset())
        to, sure = _places(meaning), meaning.spelt is not None and meaning.settled
        if leaf.doubtful and (self._aliases is None or leaf.text in self._aliases):
            sure = False
        if leaf.reported is None:
            return _Share(0.0, math.exp(leaf.high), to, False, None, 0.0, 0.0)
        weight, counted = math.exp(leaf.reported), _counted(meaning)
        if not self.guaranteed:
            # Under noise listed weights vary about their means; only what is unlisted is a box.
            return _Share(weight, weight, to, sure, counted, weight, leaf.sd)
        low, high = math.exp(leaf.low), math.exp(leaf.high)
        return _Share(low, high, to, sure, counted, weight, leaf.sd)

    @property
    def seen(self) -> float:
        """Reported probability of all answers together."""
        return sum(share.weight for share in self._shares if share.counted is not None)

    def _bounded(
        self,
        value: float | None,
        ends: tuple[float, float],
        sd: float | None,
        span: tuple[float, float] = (-math.inf, math.inf),
    ) -> BoundedValue:
        margin = 0.0 if self.guaranteed or sd is None else NORMAL_95 * sd
        return BoundedValue(
            value=value,
            low=open_end(max(ends[0] - margin, span[0])),
            high=open_end(min(ends[1] + margin, span[1])),
            sd=sd,
            guaranteed=self.guaranteed,
            confidence=None if self.guaranteed else 0.95,
            seen=self.seen,
            calls=self.calls,
        )

    def _highest(self, scores: Array, rows: Sequence[_Row], hidden: Sequence[_Row]) -> float:
        """Return the largest mean of scores; hidden weights share the room of the unlisted."""
        table = [(max(float(scores[i]) for i in to), low, high) for to, low, high in rows]
        unlisted = [(max(float(scores[i]) for i in to), low, high) for to, low, high in hidden]
        room = self._leaves.unseen_total
        if any(math.isinf(high) for _, _, high in unlisted):
            return max(score for score, *_ in [*table, *unlisted])
        for score, low, high in sorted(unlisted, reverse=True):
            taken = max(min(high, room), low)
            room = max(room - taken, 0.0)
            table.append((score, low, taken))
        return highest_mean(*(np.array(column) for column in zip(*table, strict=True)))

    def mean(self, scores: Sequence[float]) -> BoundedValue:
        """Return the mean score, renormalised over the answers.

        The interval is the exact optimum over the box: each token that may belong to several
        answers goes where it moves the mean most.

        Args:
            scores: one finite score per answer.

        Raises:
            GaugeblockError: if the scores are not one finite number per answer.
        """
        values = np.asarray(scores, float)
        if values.shape != (len(self.names),) or not np.all(np.isfinite(values)):
            raise GaugeblockError("expected one finite score per answer")
        counted = [(s, float(values[s.counted])) for s in self._shares if s.counted is not None]
        total = sum(share.weight for share, _ in counted)
        mean = sd = None
        if total > 0:
            mean = sum(share.weight * score for share, score in counted) / total
            parts = [share.weight * (score - mean) * share.sd / total for share, score in counted]
            sd = math.hypot(*parts)
        span = (float(values.min()), float(values.max()))
        rows = [(s.to, s.low if s.sure else 0.0, s.high) for s in self._shares if s.to]
        if not any(low > 0 for _, low, _ in rows):
            return self._bounded(mean, span, sd, span)
        hidden = [(to, 0.0, high) for to, high in self._hidden]
        ends = -self._highest(-values, rows, hidden), self._highest(values, rows, hidden)
        return self._bounded(mean, ends, sd, span)

    def share(self, name: str) -> BoundedValue:
        """Return an answer's share of the mass of all answers, from 0 to 1."""
        place = self._place(name)
        return self.mean([float(i == place) for i in range(len(self.names))])

    def probability(self, name: str) -> BoundedValue:
        """Return the probability that the text begins with an answer, of all texts."""
        place, other = self._place(name), frozenset([len(self.names)])
        # One more place stands for every text that is no answer.
        scores = np.array([float(i == place) for i in range(len(self.names) + 1)])
        mine = [share for share in self._shares if share.counted == place]
        rows = [(s.to if s.sure else s.to | other, s.low, s.high) for s in self._shares]
        most = sum(high for _, high in self._hidden)
        least = max(self._leaves.unseen_least - most, 0.0)
        hidden = [(to | other, 0.0, high) for to, high in self._hidden]
        hidden.append((other, least, self._leaves.unseen_total))
        ends = -self._highest(-scores, rows, hidden), self._highest(scores, rows, hidden)
        sd = math.hypot(*(share.weight * share.sd for share in mine))
        value = min(sum(share.weight for share in mine), 1.0)
        return self._bounded(value, ends, sd, (0.0, 1.0))

    def log_odds(self, first: str, second: str) -> BoundedValue:
        """Return the log-odds of one answer over another, nats.

        An end is open where an answer may weigh nothing.
        """
        a, b = self._place(first), self._place(second)
        if a == b:
            raise GaugeblockError("an answer cannot be compared with itself", where=first)
        value_a, low_a, high_a = self._mass(a)
        value_b, low_b, high_b = self._mass(b)
        sd = None
        if value_a > 0 and value_b > 0:
            terms = [
                share.weight / total * share.sd
                for place, total in ((a, value_a), (b, value_b))
                for share in self._shares
                if share.counted == place
            ]
            sd = math.hypot(*terms)
        value = math.log(value_a / value_b) if value_a > 0 and value_b > 0 else None
        ends = _log(low_a, high_b), _log(high_a, low_b)
        return self._bounded(value, ends, sd)

    def _mass(self, place: int) -> tuple[float, float, float]:
        """Return reported, least and greatest weight of an answer."""
        value = sum(share.weight for share in self._shares if share.counted == place)
        low = sum(s.low for s in self._shares if s.sure and s.to == {place})
        high = sum(share.high for share in self._shares if place in share.to)
        hidden = sum(most for to, most in self._hidden if place in to)
        return value, low, high + min(hidden, self._leaves.unseen_total)

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise GaugeblockError(f"there is no answer {name!r}", remedy=", ".join(self.names))
        return self.names.index(name)


def _places(meaning: Meaning) -> frozenset[int]:
    own = frozenset() if meaning.spelt is None else frozenset([meaning.spelt])
    return own | meaning.may_become


def _counted(meaning: Meaning) -> int | None:
    if meaning.spelt is not None:
        return meaning.spelt
    return next(iter(meaning.may_become)) if len(meaning.may_become) == 1 else None


def _log(over: float, under: float) -> float:
    """Return log(over / under), infinite where either may be nothing or anything."""
    if over <= 0 or math.isinf(under):
        return -math.inf
    return math.inf if under <= 0 or math.isinf(over) else math.log(over / under)
