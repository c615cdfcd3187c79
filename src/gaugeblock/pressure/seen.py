"""All that a pressure or a detector is shown: texts and activations, never what is true of them.

Forced pairs come in a known order, and an array cut out of a larger one still points to it. So rows
are shuffled and copied before an instrument sees them: position tells nothing, and nothing leads
back to the labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from gaugeblock.detectors.arrays import Floats
from gaugeblock.errors import GaugeblockError


@dataclass(frozen=True, slots=True)
class Seen:
    """Samples as an instrument sees them, in an order that tells nothing.

    Attributes:
        activations: shape (n, d); own memory, read-only.
        texts: as many, or none.
    """

    activations: Floats
    texts: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.activations)


class Scorer(Protocol):
    """Whatever gives a score per row of activations: every ``Probe`` does."""

    def score(self, activations: ArrayLike) -> Floats:
        """Return scores, shape (n,), higher meaning more of the concept."""
        ...


def shuffled(
    activations: Floats, seed: int, texts: Sequence[str] = ()
) -> tuple[Seen, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return samples in a random order, and the rows of the input in that order.

    Args:
        activations: shape (n, d).
        seed: of the order.
        texts: as many, or none.
    """
    order = np.random.default_rng(seed).permutation(len(activations))
    own = np.array(activations[order], dtype=np.float64, order="C", copy=True)
    own.setflags(write=False)
    return Seen(own, tuple(str(texts[i]) for i in order) if len(texts) else ()), order


def score_unseen(scorer: Scorer, activations: Floats, seed: int = 0) -> Floats:
    """Return one score per row, from an instrument that cannot tell rows apart by their place.

    Args:
        scorer: a fitted detector.
        activations: shape (n, d).
        seed: of the order in which it is shown.

    Raises:
        GaugeblockError: as the detector does, or scores of a wrong shape, or not finite.
    """
    seen, order = shuffled(activations, seed)
    scores = np.asarray(scorer.score(seen.activations), dtype=np.float64)
    if scores.shape != (len(seen),):
        raise GaugeblockError(
            f"scores of shape {scores.shape} for {len(seen)} rows", where="detector"
        )
    if not np.isfinite(scores).all():
        raise GaugeblockError("scores that are not finite", where="detector")
    out = np.empty(len(scores))
    out[order] = scores
    return out
