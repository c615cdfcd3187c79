"""The monotone map from a logit on a float grid to the logit that the softmax sees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaugeblock.logprobs.floats import Array


@dataclass(frozen=True)
class Warp:
    """``scale * z``, or ``cap * tanh(z / cap)`` where there is a cap.

    Attributes:
        scale: multiplier of the grid, used where ``cap`` is None.
        cap: nats; None for no cap.
        doubt: nats by which the cap may be off; without a cap, nats by which an error of the
            scale may move the widest gap.
    """

    scale: float = 1.0
    cap: float | None = None
    doubt: float = 0.0

    def forward(self, held: Array) -> Array:
        """Map grid logits to reported logits, any shape."""
        if self.cap is None:
            return self.scale * held
        capped: Array = self.cap * np.tanh(held / self.cap)
        return capped

    def inverse(self, shown: Array) -> Array:
        """Map reported logits to grid logits; NaN beyond the cap."""
        if self.cap is None:
            return shown / self.scale
        ratio = shown / self.cap
        held: Array = self.cap * np.arctanh(np.where(np.abs(ratio) < 1, ratio, np.nan))
        return held

    def slope(self, shown: Array) -> Array:
        """Return the derivative of the forward map, as a function of the reported logit."""
        if self.cap is None:
            return np.full_like(shown, self.scale)
        slope: Array = 1.0 - (shown / self.cap) ** 2
        return slope

    def error(self, tops: Array) -> Array:
        """Return what the map adds to the error of the gaps below each top logit, nats.

        A float32 tanh is off by a little, and so is a fitted cap: what it takes from a logit z is
        about z^3 / (3 cap^2), so an error of the cap moves it by 2 z^3 / (3 cap^3) times as much.
        """
        if self.cap is None:
            return np.zeros(tops.shape)
        moved = np.minimum(np.abs(tops / self.cap) ** 3 * (2 / 3), 1.0)
        error: Array = 1.5e-7 * self.cap + self.doubt * moved
        return error

    @property
    def slack(self) -> float:
        """How far an error of the scale may move the widest gap, nats.

        The scale is one number for all gaps and paid for once, so this is no error of each.
        """
        return self.doubt if self.cap is None else 0.0
