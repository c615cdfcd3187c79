"""Add a direction to the residual stream (Turner et al. 2023; Rimsky et al. 2024, CAA)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from numpy.typing import ArrayLike
from torch import Tensor, nn

from gaugeblock.models.activations.hooks import on_output
from gaugeblock.models.activations.vectors import vectors


@contextmanager
def steer(
    model: nn.Module, layer: int | Sequence[int], direction: ArrayLike | Tensor, alpha: float
) -> Iterator[None]:
    """Inside, ``h`` becomes ``h + alpha * direction`` at every position.

    Args:
        model: the model.
        layer: the block whose output is changed, or several.
        direction: ``(width,)``, used as it is: its norm counts. A tensor keeps its gradient.
        alpha: how much; 0 is the identity to the last bit.

    Raises:
        GaugeblockError: no such layer, or a direction of another width or with NaN.
    """
    push = vectors(model, direction, "direction", ndim=1)
    with on_output(model, layer, lambda h: h + alpha * push.to(h)):
        yield
