"""Fixed steps: the coarsest lattice that holds all differences, and its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gaugeblock.logprobs.channel.readings import Reading
from gaugeblock.logprobs.floats import Array

DYADIC = 2.0 ** -np.arange(0, 13)
DECIMAL = np.array([1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001])
_DIVISORS = 96
# The smallest step that is told from no grid; below it float32 noise decides.
_SMALLEST_STEP = 1e-4

# Prior of each round step; the coarse powers of two are the ones reported in the wild.
_USUAL, _FINER, _ROUND = 0.09, 0.01, 0.02
# How often a step is laid on logprobs rather than on logits.
_ON_LOGPROBS = 0.2

Origin = Literal["dyadic", "decimal", "free"]


@dataclass(frozen=True)
class Lattice:
    """The coarsest step that all differences are multiples of.

    Attributes:
        step: nats.
        uncertainty: half-width of the steps that fit as well, nats; 0 for round steps.
        origin: whether the step is a power of two, a round decimal, or neither.
        bits: evidence against no grid with the step known.
        prior_bits: what it costs to say which step, as a negative number of bits.
        absolute: whether the logprobs themselves are multiples too.
        absolute_bits: further evidence from that.
    """

    step: float
    uncertainty: float
    origin: Origin
    bits: float
    prior_bits: float
    absolute: bool
    absolute_bits: float

    @property
    def evidence(self) -> float:
        """Bits for this step against no grid, its price included."""
        laid = np.log2(_ON_LOGPROBS) + self.absolute_bits if self.absolute else 0.0
        return self.bits + self.prior_bits + float(np.logaddexp2(laid, np.log2(1 - _ON_LOGPROBS)))


def _on(values: Array, error: Array, step: float, slack: float = 0.0) -> bool:
    count = np.rint(values / step)
    return bool(np.all(np.abs(values - count * step) <= error + slack * np.abs(count)))


def _gain(error: Array, step: float) -> float:
    return float(np.sum(np.log2(np.maximum(step / (2 * error), 1.0))))


def common_divisor(values: Array, error: Array) -> tuple[float, float] | None:
    """Find the largest step that all values are multiples of, when the step is not round.

    Tries the smallest difference over 1, 2, ... and sharpens each candidate on ever larger values.

    Args:
        values: positive differences, nats, any order.
        error: the most that each can be off.

    Returns:
        The step and its uncertainty, or None.
    """
    order = np.argsort(values)
    x, e = values[order], error[order]
    keep = x > 4 * e
    x, e = x[keep], e[keep]
    if x.size < 2:
        return None
    between = np.diff(x)
    between = between[between > 8 * e[1:]]
    least = float(min([x[0], *between.tolist()]))
    at = 2 * float(e.max())
    step = least / np.arange(1, _DIVISORS + 1)
    slack = at / np.arange(1, _DIVISORS + 1)
    for value, off in zip(x, e, strict=True):
        count = np.rint(value / step)
        left = value - count * step
        reach = off + count * slack
        good = (np.abs(left) <= reach) & (reach < step / 4) & (step > _SMALLEST_STEP)
        if not good.any():
            return None
        step, slack, count, left = step[good], slack[good], count[good], left[good]
        sharper = off / np.maximum(count, 1) < slack
        step = np.where(sharper, step + left / np.maximum(count, 1), step)
        slack = np.where(sharper, off / np.maximum(count, 1), slack)
    return float(step[0]), float(slack[0])


def find_lattice(rows: Sequence[Reading]) -> Lattice | None:
    """Return the coarsest lattice of differences to the top logprob, or None.

    Args:
        rows: distinct rows.
    """
    gaps = np.concatenate([row.gaps for row in rows])
    error = np.concatenate([row.gap_error for row in rows])
    logprobs = np.concatenate([row.logprobs for row in rows])
    own = np.concatenate([row.error for row in rows])
    tops = np.array([row.error[0] for row in rows])

    def build(step: float, slack: float, origin: Origin, prior: float) -> Lattice:
        return Lattice(
            step=step,
            uncertainty=slack,
            origin=origin,
            bits=_gain(error, step),
            prior_bits=prior,
            absolute=_on(logprobs, own, step, slack),
            absolute_bits=_gain(tops, step),
        )

    found: list[Lattice] = []
    for step in DYADIC:
        if _on(gaps, error, float(step)):
            usual = _USUAL if 2.0**-7 <= step <= 0.5 else _FINER
            found.append(build(float(step), 0.0, "dyadic", float(np.log2(usual))))
            break
    for step in DECIMAL:
        if _on(gaps, error, float(step)):
            found.append(build(float(step), 0.0, "decimal", float(np.log2(_ROUND))))
            break
    free = None if found else common_divisor(gaps, error)
    if free is not None:
        step, slack = free
        # A log-uniform step over four decades, known to the relative width of what fits.
        width = 2 * slack / step / np.log(1e4)
        found.append(build(step, slack, "free", float(np.log2(0.25 * min(1.0, width)))))
    return max(found, key=lambda lattice: lattice.evidence, default=None)
