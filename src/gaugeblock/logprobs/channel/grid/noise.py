"""Noise: repeats of one prompt that differ by a little and never come back to the same answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gaugeblock.logprobs.channel.readings import Reading, by_prompt
from gaugeblock.logprobs.floats import Array

# A fresh, unrelated answer spreads its logprobs over about this many nats.
_UNRELATED = 10.0
# The smallest noise that is looked for: below it float32 arithmetic itself differs from run to run.
_LEAST_SD = 1e-3
_SURE = 200.0
# Fewer comparisons than this are worse than the bias of using them all.
_FEWEST = 6


@dataclass(frozen=True)
class NoiseFit:
    """What repeats say about noise.

    Attributes:
        bits: evidence for continuous noise against a channel that repeats itself; 0 where no
            prompt was repeated.
        sd: standard deviation of one logprob, nats; None where it cannot be measured.
        repeats: how many comparisons within a prompt this is from.
        excess: how many rows have probabilities that sum to more than one.
    """

    bits: float
    sd: float | None
    repeats: int
    excess: int


def _aligned(group: Sequence[Reading]) -> Array:
    """Return logprobs of the tokens that every repeat lists, shape (repeats, tokens)."""
    shared = set(group[0].keys).intersection(*(row.keys for row in group[1:]))
    tables = [dict(zip(row.keys, row.logprobs, strict=True)) for row in group]
    return np.array([[table[key] for key in sorted(shared)] for table in tables])


def _spread(tables: Sequence[Array]) -> tuple[float | None, int]:
    """Return the standard deviation of one logprob and the comparisons it is from.

    A token near the end of the list is seen only when its noise lifts it, which makes the noise
    look small; so tokens within three standard deviations of the last one are left out.
    """
    sd, freedom = None, 0
    reach = 0.0
    for _ in range(3):
        squares, count = 0.0, 0
        for table in tables:
            if not table.size:
                continue
            means = table.mean(axis=0)
            far = table[:, means >= means.min() + reach]
            squares += float(((far - far.mean(axis=0)) ** 2).sum())
            count += (len(far) - 1) * far.shape[1]
        if not count or (freedom and count < _FEWEST):
            break
        sd, freedom = float(np.sqrt(squares / count)), count
        reach = 3 * sd
    return sd, freedom


def noise_evidence(rows: Sequence[Reading]) -> NoiseFit:
    """Compare noise with no noise from repeats and from sums of probabilities.

    Without noise a repeat shows the same numbers, or (another mode of the server) comes back
    exactly later on. Repeats that differ and never recur are noise when their differences are
    small against the spread of unrelated logprobs.

    Args:
        rows: all usable rows, repeats included.
    """
    recurring, varying, same_bits = 0, 0, 0.0
    tables: list[Array] = []
    for group in by_prompt(rows).values():
        if len(group) < 2:
            continue
        fresh: list[Reading] = []
        for row in group:
            if any(row.equals(seen) for seen in fresh):
                recurring += 1
                unit = 2 * row.error
                same_bits += float(np.sum(np.log2(np.maximum(_LEAST_SD * 3.5 / unit, 1.0))))
            else:
                fresh.append(row)
        varying += len(fresh) - 1
        if len(fresh) > 1:
            tables.append(_aligned(fresh))
    excess = sum(
        bool(np.exp(row.logprobs).sum() > 1 + 2 * float(np.exp(row.logprobs) @ row.error) + 1e-5)
        for row in rows
    )
    sd, freedom = _spread(tables)
    if recurring:
        return NoiseFit(-same_bits, None, recurring + varying, excess)
    if varying and sd:
        gain = np.log2(_UNRELATED / (max(sd, _LEAST_SD) * np.sqrt(2 * np.pi * np.e)))
        return NoiseFit(float(min(freedom * gain, _SURE)), sd, varying, excess)
    # Nothing but noise or rounding of the logprobs themselves makes a sum exceed one.
    return NoiseFit(_SURE if excess else 0.0, None, 0, excess)
