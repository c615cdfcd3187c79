"""The masses of several answers, from sampled texts: what remains where there are no logprobs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.optimize import brentq

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds.answers import Answer, read_beginning
from gaugeblock.logprobs.bounds.value import BoundedValue
from gaugeblock.stats import exact_rate
from gaugeblock.stats.sequential import log_capital

_LEVEL = 0.95


def _upper_limit(units: Sequence[float]) -> float:
    """Return a 97.5 % upper limit of the mean of numbers in [0, 1], in any order."""
    counts = Counter(min(max(unit, 0.0), 1.0) for unit in units)
    values = np.array(list(counts))
    often = np.array(list(counts.values()), float)
    target = -math.log((1 - _LEVEL) / 2)

    def surplus(rate: float) -> float:
        return float(log_capital(values, often, rate)) - target

    return 1.0 if surplus(1.0) <= 0 else float(brentq(surplus, 0.0, 1.0, xtol=1e-10))


class Sampled:
    """The masses of several answers, from sampled texts.

    The methods are those of :class:`~gaugeblock.logprobs.bounds.gather.Gathered`; intervals are
    95 % ones. Shares and probabilities are binomial (Clopper and Pearson); the mean of more than
    two scores is bounded from each side by betting at 97.5 % (Waudby-Smith and
    Ramdas 2024), which needs no more than that scores are bounded.

    Args:
        texts: sampled texts, at temperature 1, in the order they came.
        answers: the possible answers.
        exact: see :func:`~gaugeblock.logprobs.bounds.answers.read_beginning`.

    Raises:
        GaugeblockError: if there is no text.
    """

    method = "sampling"
    guaranteed = False

    def __init__(
        self, texts: Sequence[str], answers: Sequence[Answer], *, exact: bool = False
    ) -> None:
        if not texts:
            raise GaugeblockError("there is no sampled text to judge by")
        self.names = tuple(answer.name for answer in answers)
        self.calls = len(texts)
        read = (
            read_beginning(text.encode("utf-8", "surrogatepass"), answers, ended=True, exact=exact)
            for text in texts
        )
        self._given = [meaning.spelt for meaning in read if meaning.spelt is not None]
        self._count = Counter(self._given)

    @property
    def seen(self) -> float:
        """Share of the texts that spell an answer."""
        return len(self._given) / self.calls

    def _bounded(
        self, value: float | None, low: float | None, high: float | None, sd: float | None
    ) -> BoundedValue:
        return BoundedValue(
            value=value,
            low=low,
            high=high,
            sd=sd,
            guaranteed=False,
            confidence=_LEVEL,
            seen=self.seen,
            calls=self.calls,
        )

    def mean(self, scores: Sequence[float]) -> BoundedValue:
        """Return the mean score of the texts that spell an answer.

        Args:
            scores: one finite score per answer.

        Raises:
            GaugeblockError: if the scores are not one finite number per answer.
        """
        if len(scores) != len(self.names) or not all(map(math.isfinite, scores)):
            raise GaugeblockError("expected one finite score per answer")
        least, most, n = min(scores), max(scores), len(self._given)
        if n == 0:
            return self._bounded(None, least, most, None)
        span = (most - least) or 1.0
        units = [(scores[place] - least) / span for place in self._given]
        mean = sum(units) / n
        spread = math.sqrt(sum((u - mean) ** 2 for u in units) / max(n - 1, 1) / n)
        if len(set(scores)) <= 2:
            found = exact_rate(sum(u == 1.0 for u in units), n, _LEVEL)
            low, high = found.low, found.high
        else:
            low, high = 1 - _upper_limit([1 - u for u in units]), _upper_limit(units)
        return self._bounded(
            least + span * mean, least + span * low, least + span * high, span * spread
        )

    def share(self, name: str) -> BoundedValue:
        """Return an answer's share of the texts that spell an answer, from 0 to 1."""
        place = self._place(name)
        return self.mean([float(i == place) for i in range(len(self.names))])

    def probability(self, name: str) -> BoundedValue:
        """Return the share of all texts that begin with an answer."""
        hits = self._count[self._place(name)]
        found = exact_rate(hits, self.calls, _LEVEL)
        p = hits / self.calls
        return self._bounded(p, found.low, found.high, math.sqrt(p * (1 - p) / self.calls))

    def log_odds(self, first: str, second: str) -> BoundedValue:
        """Return the log-odds of one answer over another, nats; an end is open at none or all."""
        a, b = self._place(first), self._place(second)
        if a == b:
            raise GaugeblockError("an answer cannot be compared with itself", where=first)
        k, n = self._count[a], self._count[a] + self._count[b]
        if n == 0:
            return self._bounded(None, None, None, None)
        found = exact_rate(k, n, _LEVEL)
        inside = 0 < k < n
        return self._bounded(
            math.log(k / (n - k)) if inside else None,
            math.log(found.low / (1 - found.low)) if k > 0 else None,
            math.log(found.high / (1 - found.high)) if k < n else None,
            math.sqrt(1 / k + 1 / (n - k)) if inside else None,
        )

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise GaugeblockError(f"there is no answer {name!r}", remedy=", ".join(self.names))
        return self.names.index(name)
