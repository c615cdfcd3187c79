"""Check that vectors handed to an intervention fit the model."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations.blocks import find_blocks


def vectors(model: nn.Module, given: ArrayLike | Tensor, name: str, *, ndim: int) -> Tensor:
    """Return vectors of the model's width as a tensor, ``(…, width)``.

    Raises:
        GaugeblockError: another number of axes, another width, NaN or infinite values.
    """
    tensor = given if isinstance(given, Tensor) else torch.from_numpy(np.array(given, np.float64))
    width = find_blocks(model).width
    if tensor.ndim != ndim or tensor.shape[-1] != width:
        raise GaugeblockError(
            f"shape {tuple(tensor.shape)} does not fit a residual stream of width {width}",
            where=name,
        )
    if not torch.isfinite(tensor).all():
        raise GaugeblockError("NaN or infinite values", where=name)
    return tensor
