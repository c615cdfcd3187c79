"""One simulated setting of an interval method, and how its data are drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TRIALS = (20, 100, 1000)
RATES = (0.0, 0.01, 0.3)
ICC = (0.0, 0.3)
RARE = 0.005
"""A further rate, at which most samples of 1,000 clustered trials hold few hit clusters or none."""
TOLERANCE = 0.01
"""A cell may fall this far below its nominal level."""

MIXED = (1, 2, 3, 5, 9)
"""Sizes of unequal clusters, repeated until they hold the trials wanted."""


@dataclass(frozen=True)
class Cell:
    """One simulated setting: coverage and mean width over the repetitions."""

    method: str
    setting: str
    n: int
    rate: float
    icc: float
    clusters: int
    level: float
    coverage: float
    width: float
    relative_width: float
    """Mean width over that of the exact interval that takes all trials as independent."""

    @property
    def required(self) -> float:
        """Least coverage that passes."""
        return self.level - TOLERANCE


def draw_rates(
    rng: np.random.Generator, law: str, rate: float, icc: float, shape: tuple[int, int]
) -> Floats:
    """Return cluster rates with the mean and the intraclass correlation asked for."""
    if icc == 0.0 or rate in (0.0, 1.0):
        return np.full(shape, rate)
    if law == "two-point":
        # A share of the clusters has one high rate, the others none: scenarios that trigger.
        high = rate + icc * (1 - rate)
        return np.where(rng.random(shape) < rate / high, high, 0.0)
    total = 1 / icc - 1
    return rng.beta(rate * total, (1 - rate) * total, shape)


def sizes_of(n: int, size: int | str) -> Floats:
    if size == "mixed":
        return np.tile(np.asarray(MIXED, float), n // sum(MIXED))
    return np.full(n // int(size), float(size))


def draw(
    rng: np.random.Generator, repetitions: int, sizes: Floats, law: str, rate: float, icc: float
) -> Floats:
    """Return hits of shape (repetitions, clusters)."""
    shape = (repetitions, len(sizes))
    if sizes.max() == 1:
        return (rng.random(shape) < rate).astype(float)
    return rng.binomial(sizes.astype(int), draw_rates(rng, law, rate, icc, shape)).astype(float)


def measure(
    method: str,
    setting: str,
    n: int,
    rate: float,
    icc: float,
    clusters: int,
    level: float,
    limits: tuple[Floats, Floats],
    reference: tuple[Floats, Floats],
    truth: float | None = None,
) -> Cell:
    """Return the cell of limits of shape (repetitions,), given those of the interval to compare."""
    low, high = limits
    target = rate if truth is None else truth
    # 1e-12: a limit that should be 0 or the truth itself may differ by a rounding error.
    inside = (low <= target + 1e-12) & (target <= high + 1e-12)
    width = float(np.mean(high - low))
    return Cell(
        method=method,
        setting=setting,
        n=n,
        rate=rate,
        icc=icc,
        clusters=clusters,
        level=level,
        coverage=float(inside.mean()),
        width=round(width, 6),
        relative_width=round(width / float(np.mean(reference[1] - reference[0])), 3),
    )
