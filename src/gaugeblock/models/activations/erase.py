"""Erase a concept from the residual stream with a fitted LEACE map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn

from gaugeblock.models.activations.hooks import on_output
from gaugeblock.models.activations.leace import Leace
from gaugeblock.models.activations.vectors import vectors


@contextmanager
def erase(model: nn.Module, layer: int | Sequence[int], eraser: Leace) -> Iterator[None]:
    """Inside, ``h`` becomes ``eraser(h)`` at every position.

    The guarantee holds for activations distributed as those the eraser was fitted on: fit it on
    the layer and the pooling that are read.

    Args:
        model: the model.
        layer: the block whose output is changed, or several.
        eraser: fitted on that layer's activations.

    Raises:
        GaugeblockError: no such layer, or an eraser of another width.
    """
    mean = vectors(model, eraser.mean, "eraser", ndim=1)
    left = vectors(model, eraser.left.T, "eraser", ndim=2)
    right = vectors(model, eraser.right, "eraser", ndim=2)

    def apply(hidden: Tensor) -> Tensor:
        inside = (hidden - mean.to(hidden)) @ right.to(hidden).T
        return hidden - inside @ left.to(hidden)

    with on_output(model, layer, apply):
        yield
