"""Hidden size from full outputs: a matrix of logits has no more rank than the last layer is wide.

Method: Carlini et al. 2024, "Stealing part of a production language model" (arXiv 2403.06634).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaugeblock.logprobs.floats import Array, spacing

# A drop between neighbouring singular values by this factor is a gap; without a hidden layer to
# end, those of random matrices fall by a few per cent at a time.
_GAP = 1.5
# Outputs must outnumber the rank by this much before its end can be seen.
_SURPLUS = 1.1


@dataclass(frozen=True)
class Spectrum:
    """Singular values of centred outputs, against what rounding and noise would make of nothing.

    Attributes:
        values: descending, nats.
        floor: the largest singular value of the channel's errors, nats.
        visible: how many singular values stand out above the floor.
        gap: ratio of the last visible singular value to the next.
        hidden_size: the number of visible ones where a gap ends them; None where errors do, or
            where there are too few outputs to see an end.
    """

    values: Array
    floor: float
    visible: int
    gap: float
    hidden_size: int | None


def centred(outputs: Array) -> Array:
    """Remove each row's mean, and with it the normaliser that turns logits into logprobs.

    Args:
        outputs: logits or logprobs, shape (n, tokens), nats.
    """
    rows: Array = outputs - outputs.mean(axis=1, keepdims=True)
    return rows


def spectrum(outputs: Array, errors: Array) -> Spectrum:
    """Count the dimensions that outputs have above the channel's errors.

    A singular value above the largest one of the errors cannot be of their making (Weyl's
    inequality), so the count never exceeds the true rank.

    Args:
        outputs: what the channel reported, shape (n, tokens), one row per prompt, nats.
        errors: what it put on each number, same shape.
    """
    rows, tokens = outputs.shape
    values = np.asarray(np.linalg.svd(centred(outputs), compute_uv=False), float)
    # A float32 matrix product is off by a few halves of a unit in the last place.
    product = float(spacing(np.ptp(outputs), 24)) * (np.sqrt(rows) + np.sqrt(tokens))
    floor = float(np.linalg.svd(centred(errors), compute_uv=False)[0]) + product
    visible = int(np.sum(values > floor))
    after = max(float(values[visible]) if visible < values.size else 0.0, 1e-12)
    gap = float(values[visible - 1]) / after if visible else 1.0
    enough = rows >= _SURPLUS * visible and tokens >= _SURPLUS * visible
    found = visible if visible and enough and gap >= _GAP else None
    return Spectrum(values, floor, visible, gap, found)


def steepest(values: Array) -> int:
    """Return where the singular values drop by the largest factor: the published estimate.

    Args:
        values: singular values, descending, at least two.
    """
    drop = np.log(np.maximum(values[:-1], 1e-300)) - np.log(np.maximum(values[1:], 1e-300))
    # The last values of a centred square matrix are rounding alone.
    usable = drop[: max(1, int(values.size / _SURPLUS))]
    return int(np.argmax(usable)) + 1
