"""Recorded rows as arrays, cleaned of what is not a logprob."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaugeblock.logprobs.channel.number_format import print_resolution
from gaugeblock.logprobs.floats import Array, spacing
from gaugeblock.logprobs.rows import Row

# Every real logprob of a listed token is far above this; the sentinels in the wild lie below.
SENTINEL_BELOW = -1000.0


@dataclass(frozen=True)
class Reading:
    """The usable logprobs of one row, largest first.

    Attributes:
        prompt: which rows repeat one another.
        keys: the tokens' bytes, in the order of ``logprobs``.
        logprobs: shape (n,), descending, finite, sentinels removed.
        error: shape (n,), nats: the most that printing and float32 can have moved each number.
    """

    prompt: str
    keys: tuple[bytes, ...]
    logprobs: Array
    error: Array

    @property
    def gaps(self) -> Array:
        """Differences to the top logprob, shape (n - 1,), nats, ascending."""
        gaps: Array = self.logprobs[0] - self.logprobs[1:]
        return gaps

    @property
    def gap_error(self) -> Array:
        """The most that each difference can be off, shape (n - 1,), nats."""
        error: Array = self.error[0] + self.error[1:]
        return error

    def equals(self, other: Reading) -> bool:
        """Whether both rows show the same numbers, up to print and float32."""
        if self.logprobs.shape != other.logprobs.shape:
            return False
        apart = np.abs(self.logprobs - other.logprobs)
        return bool(np.all(apart <= self.error + other.error))


def read_row(row: Row, resolution: float) -> Reading | None:
    """Return the usable part of a row, or None if fewer than two logprobs remain.

    Args:
        row: a recorded row.
        resolution: half a unit of the last printed digit, nats (0 for shortest float32).
    """
    usable = [e for e in row.top if SENTINEL_BELOW < e.logprob < np.inf]
    if len(usable) < 2:
        return None
    usable.sort(key=lambda entry: -entry.logprob)
    logprobs = np.array([entry.logprob for entry in usable])
    # A float32 log-softmax is off by a few halves of a unit in the last place.
    error = 1.0e-6 + 0.75 * spacing(logprobs, 24) + resolution
    return Reading(row.prompt, tuple(entry.key for entry in usable), logprobs, error)


def readings(rows: Sequence[Row]) -> list[Reading]:
    """Return the usable part of every row, in order."""
    resolution = print_resolution(rows)
    found = (read_row(row, resolution) for row in rows)
    return [reading for reading in found if reading is not None]


def by_prompt(rows: Sequence[Reading]) -> dict[str, list[Reading]]:
    """Group readings by prompt, keeping their order."""
    groups: dict[str, list[Reading]] = defaultdict(list)
    for reading in rows:
        groups[reading.prompt].append(reading)
    return dict(groups)


def distinct(rows: Sequence[Reading]) -> list[Reading]:
    """Drop rows that repeat an earlier row of the same prompt: they say nothing new of a grid."""
    kept: list[Reading] = []
    for group in by_prompt(rows).values():
        fresh: list[Reading] = []
        for reading in group:
            if not any(reading.equals(seen) for seen in fresh):
                fresh.append(reading)
        kept.extend(fresh)
    return kept


def anonymous(rows: Sequence[Reading]) -> bool:
    """Whether the rows come without tokens, so that no one knows which share a prompt."""
    return all(key.startswith(b"rank ") for row in rows for key in row.keys)
