"""A test of a rate that may be looked at after every transcript and stopped at any time.

Betting e-process: Waudby-Smith and Ramdas 2024, JRSS-B 86:1, "Estimating means of bounded random
variables by betting", section 4 (capital process); Ville 1939 for the bound over all times. A
mixture of fixed bets is itself an e-process, and needs no tuning to the unknown rate.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from scipy import optimize, special

from gaugeblock.errors import GaugeblockError
from gaugeblock.stats.interval import Interval
from gaugeblock.stats.validation import check_fraction, check_unit

BETS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95)
"""Shares of the capital staked against the null, mixed with equal weight."""


class RateEProcess:
    """An e-process against ``rate >= bound`` ("below") or ``rate <= bound`` ("above").

    Each observation is a number in [0, 1] whose mean, given all before it, is the rate: a hit
    (1) or none (0) of an independent transcript, or the share of hits in a whole cluster. Feed
    clusters, not their transcripts, where transcripts share a scenario.

    Args:
        bound: the rate tested, in (0, 1).
        level: confidence of the test and of the bound; the null is rejected at 1 / (1 - level).
        alternative: what is to be shown.

    Raises:
        GaugeblockError: a number out of range.
    """

    def __init__(
        self,
        bound: float,
        level: float = 0.95,
        alternative: Literal["below", "above"] = "below",
    ) -> None:
        self.bound = check_fraction(bound, "bound")
        self.level = check_fraction(level, "level")
        if alternative not in ("below", "above"):
            raise GaugeblockError(
                f"{alternative!r} is not an alternative",
                where="alternative",
                remedy='Use "below" or "above"',
            )
        self.alternative = alternative
        self._seen: dict[float, int] = {}
        self._limit = 1.0

    @property
    def observations(self) -> int:
        """Number of observations so far."""
        return sum(self._seen.values())

    def update(self, value: float) -> float:
        """Take in one observation in [0, 1] and return the e-value after it."""
        x = check_unit(value, "value")
        bad = x if self.alternative == "below" else 1.0 - x
        self._seen[bad] = self._seen.get(bad, 0) + 1
        self._limit = min(self._limit, self._solve())
        return self.e_value

    @property
    def e_value(self) -> float:
        """Evidence against the null; its chance of ever reaching 1 / a is at most a under it."""
        null = self.bound if self.alternative == "below" else 1.0 - self.bound
        return math.exp(min(self._log_capital(null), 700.0))

    @property
    def rejected(self) -> bool:
        """Whether the bound has lain on the wanted side at some time so far."""
        interval = self.interval()
        return (
            interval.high <= self.bound
            if self.alternative == "below"
            else interval.low >= self.bound
        )

    def interval(self) -> Interval:
        """Return the one-sided bound that holds at every time at once with ``level``."""
        below = self.alternative == "below"
        return Interval(
            low=0.0 if below else 1.0 - self._limit,
            high=self._limit if below else 1.0,
            level=self.level,
            method="betting-e-process",
            sides="upper" if below else "lower",
            note="holds at every stopping time",
        )

    def _log_capital(self, rate: float) -> float:
        values = np.fromiter(self._seen, float, len(self._seen))
        counts = np.fromiter(self._seen.values(), float, len(self._seen))
        # A stake of 1 / (1 - rate) would be lost whole at one hit; the bets stay below it.
        stakes = np.asarray(BETS)
        logs = (counts * np.log1p(stakes[:, None] * (rate - values))).sum(1)
        return float(special.logsumexp(logs) - math.log(len(stakes)))

    def _solve(self) -> float:
        """Return the rate at which the capital reaches 1 / (1 - level); it rises with the rate."""
        target = -math.log1p(-self.level)
        if self._log_capital(1.0) <= target:
            return 1.0
        return float(optimize.brentq(lambda r: self._log_capital(r) - target, 0.0, 1.0, xtol=1e-12))
