"""A test of a rate that may be looked at after every transcript and stopped at any time.

Betting e-process: Waudby-Smith and Ramdas 2024, JRSS-B 86:1, "Estimating means of bounded random
variables by betting", section 4 (capital process); Ville 1939 for the bound over all times. A
mixture of fixed bets is itself an e-process, and needs no tuning to the unknown rate.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from gaugeblock.errors import GaugeblockError
from gaugeblock.stats.interval import Interval
from gaugeblock.stats.validation import check_fraction, check_unit

BETS = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95)
"""Shares of the capital staked against the null, mixed with equal weight."""


def log_capital(
    values: NDArray[np.float64], counts: NDArray[np.float64], rate: float
) -> NDArray[np.float64]:
    """Return the log capital won by betting that the mean of the observations is below ``rate``.

    Args:
        values: distinct observations in [0, 1], shape (values,).
        counts: how often each was seen, shape (..., values).
        rate: the mean under the null.

    Returns:
        Log of the mean over BETS of the product of 1 + bet * (rate - value), shape (...).
    """
    # A stake of 1 / (1 - rate) would be lost whole at one hit; the bets stay below it.
    growth = np.log1p(np.asarray(BETS)[:, None] * (rate - values))
    logs = counts @ growth.T
    top = logs.max(-1)
    return np.asarray(top + np.log(np.exp(logs - top[..., None]).mean(-1)))


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
        self._null = bound if alternative == "below" else 1.0 - bound
        self._seen: dict[float, int] = {}
        self._limit = 1.0
        self._rejected = False

    @property
    def observations(self) -> int:
        """Number of observations so far."""
        return sum(self._seen.values())

    def update(self, value: float) -> float:
        """Take in one observation in [0, 1] and return the e-value after it."""
        x = check_unit(value, "value")
        bad = x if self.alternative == "below" else 1.0 - x
        if bad > 0:
            # Only now can the bound of the moment loosen; without hits it tightens by itself.
            self._limit = min(self._limit, self._solve())
        self._seen[bad] = self._seen.get(bad, 0) + 1
        log_e = self._log_capital(self._null)
        self._rejected = self._rejected or log_e >= -math.log1p(-self.level)
        return math.exp(min(log_e, 700.0))

    @property
    def e_value(self) -> float:
        """Evidence against the null; its chance of ever reaching 1 / a is at most a under it."""
        return math.exp(min(self._log_capital(self._null), 700.0))

    @property
    def rejected(self) -> bool:
        """Whether the e-value has reached 1 / (1 - level) at some time so far."""
        return self._rejected

    def interval(self) -> Interval:
        """Return the one-sided bound that holds at every time at once with ``level``."""
        below = self.alternative == "below"
        limit = min(self._limit, self._solve())
        return Interval(
            low=0.0 if below else 1.0 - limit,
            high=limit if below else 1.0,
            level=self.level,
            method="betting-e-process",
            sides="upper" if below else "lower",
            note="holds at every stopping time",
        )

    def _log_capital(self, rate: float) -> float:
        values = np.fromiter(self._seen, float, len(self._seen))
        counts = np.fromiter(self._seen.values(), float, len(self._seen))
        return float(log_capital(values, counts, rate))

    def _solve(self) -> float:
        """Return the rate at which the capital reaches 1 / (1 - level); it rises with the rate."""
        target = -math.log1p(-self.level)
        if self._log_capital(1.0) <= target:
            return 1.0
        return float(optimize.brentq(lambda r: self._log_capital(r) - target, 0.0, 1.0, xtol=1e-12))
