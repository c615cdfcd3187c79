"""Refusal of impossible counts and levels, with the field at fault and what to do."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gaugeblock.errors import GaugeblockError
from gaugeblock.stats.interval import Sides


def check_count(value: int, field: str) -> int:
    """Return ``value`` as an int; raise GaugeblockError unless it is a whole number >= 0."""
    try:
        count = operator.index(value)
    except TypeError:
        raise GaugeblockError(
            f"{value!r} is not a whole number", where=field, remedy="Pass a count as an int"
        ) from None
    if count < 0:
        raise GaugeblockError(
            f"{count} is negative", where=field, remedy="Pass a count of 0 or more"
        )
    return count


def check_hits(k: int, n: int, k_field: str = "k", n_field: str = "n") -> tuple[int, int]:
    """Return ``(k, n)`` as ints; raise GaugeblockError unless 0 <= k <= n."""
    hits, trials = check_count(k, k_field), check_count(n, n_field)
    if hits > trials:
        raise GaugeblockError(
            f"{hits} hits in {trials} trials",
            where=k_field,
            remedy=f"{k_field} must be at most {n_field}",
        )
    return hits, trials


def check_fraction(value: float, field: str) -> float:
    """Return ``value``; raise GaugeblockError unless it lies strictly between 0 and 1."""
    if not isinstance(value, (int, float, np.floating)) or not 0.0 < float(value) < 1.0:
        raise GaugeblockError(
            f"{value!r} is not strictly between 0 and 1",
            where=field,
            remedy="Pass a fraction such as 0.95",
        )
    return float(value)


def check_unit(value: float, field: str) -> float:
    """Return ``value``; raise GaugeblockError unless it is a number in [0, 1]."""
    number = float(value)
    if math.isnan(number) or not 0.0 <= number <= 1.0:
        raise GaugeblockError(
            f"{value!r} is not in [0, 1]", where=field, remedy="Pass a number from 0 to 1"
        )
    return number


def check_sides(sides: Sides) -> Sides:
    """Return ``sides``; raise GaugeblockError unless it is "two", "upper" or "lower"."""
    if sides not in ("two", "upper", "lower"):
        raise GaugeblockError(
            f"{sides!r} is not a kind of interval",
            where="sides",
            remedy='Use "two", "upper" or "lower"',
        )
    return sides


def check_clusters(
    hits: Sequence[int],
    sizes: Sequence[int],
    hits_field: str = "hits",
    sizes_field: str = "sizes",
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return hits and sizes per cluster as arrays of shape (clusters,), empty clusters kept.

    Raises:
        GaugeblockError: lengths differ, a count is not whole or negative, or a cluster has more
            hits than trials; the message names the cluster's index.
    """
    if len(hits) != len(sizes):
        raise GaugeblockError(
            f"{len(hits)} clusters of hits but {len(sizes)} of sizes",
            where=hits_field,
            remedy="Pass one number of hits and one size for each cluster",
        )
    pairs = [
        check_hits(h, s, f"{hits_field}[{i}]", f"{sizes_field}[{i}]")
        for i, (h, s) in enumerate(zip(hits, sizes, strict=True))
    ]
    table = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]
