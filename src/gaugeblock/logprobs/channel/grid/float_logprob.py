"""Logprobs that were themselves computed or cast in half precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaugeblock.logprobs.channel.readings import Reading
from gaugeblock.logprobs.floats import round_to, spacing


def logprob_evidence(rows: Sequence[Reading], bits: int) -> float:
    """Return the bits for logprobs on a float grid against no grid.

    There is no nuisance parameter: the numbers themselves are on the grid or they are not.

    Args:
        rows: distinct rows.
        bits: significant bits, 8 for bf16 and 11 for fp16.

    Returns:
        Bits, one of them paid for the choice of format; minus infinity if a number is off.
    """
    values = np.concatenate([row.logprobs for row in rows])
    error = np.concatenate([row.error for row in rows])
    # A half-precision number survives float32 and the shortest print unharmed.
    exact = np.maximum(np.abs(values) * 2.0**-22, 1e-9) + np.maximum(error - 1e-5, 0.0)
    if np.any(np.abs(round_to(values, bits) - values) > exact):
        return float("-inf")
    return float(np.sum(np.log2(np.maximum(spacing(values, bits) / (2 * error), 1.0)))) - 1.0
