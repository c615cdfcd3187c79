"""Replace the residual stream by another run's (Vig et al. 2020; Meng et al. 2022)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations.blocks import find_blocks
from gaugeblock.models.activations.hooks import on_output
from gaugeblock.models.activations.vectors import vectors


@contextmanager
def patch(
    model: nn.Module,
    layer: int,
    values: ArrayLike | Tensor,
    at: Literal["last", "all"] | Sequence[int] = "last",
    direction: ArrayLike | Tensor | None = None,
) -> Iterator[None]:
    """Inside, the stream of one block is replaced by ``values``.

    Args:
        model: the model.
        layer: the block whose output is replaced.
        values: ``(batch, width)``, or ``(batch, tokens, width)`` for ``at="all"``; the batches
            run inside must have that shape.
        at: the last real token of each text (by the attention mask of the call), all tokens,
            or one position per text.
        direction: ``(width,)``; only the component along it is replaced.

    Raises:
        GaugeblockError: no such layer, or shapes that do not fit the model or, inside, the batch.
    """
    whole = at == "all"
    source = vectors(model, values, "values", ndim=3 if whole else 2)
    axis = None
    if direction is not None:
        given = vectors(model, direction, "direction", ndim=1)
        axis = given / given.norm()
    masks: list[Tensor | None] = [None]

    def keep_mask(_module: nn.Module, _args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        masks[0] = kwargs.get("attention_mask")

    def replace(hidden: Tensor) -> Tensor:
        if whole:
            _fits(tuple(hidden.shape), tuple(source.shape))
            return _moved(hidden, source.to(hidden), axis)
        _fits((len(hidden), hidden.shape[2]), tuple(source.shape))
        rows = torch.arange(len(hidden), device=hidden.device)
        places = _places(at, hidden, masks[0])
        changed = hidden.clone()
        changed[rows, places] = _moved(hidden[rows, places], source.to(hidden), axis)
        return changed

    backbone = find_blocks(model).backbone
    handle = backbone.register_forward_pre_hook(keep_mask, with_kwargs=True)
    try:
        with on_output(model, layer, replace):
            yield
    finally:
        handle.remove()


def _moved(hidden: Tensor, source: Tensor, axis: Tensor | None) -> Tensor:
    if axis is None:
        return source
    along = axis.to(hidden)
    return hidden + ((source - hidden) @ along).unsqueeze(-1) * along


def _places(
    at: Literal["last", "all"] | Sequence[int], hidden: Tensor, mask: Tensor | None
) -> Tensor:
    tokens = hidden.shape[1]
    if isinstance(at, str):
        if mask is None or mask.ndim != 2 or mask.shape[1] != tokens:
            return torch.full((len(hidden),), tokens - 1, device=hidden.device)
        return (torch.arange(tokens, device=hidden.device) * (mask != 0)).amax(dim=1)
    places = np.asarray(at, dtype=np.int64)
    if places.shape != (len(hidden),) or places.min() < 0 or places.max() >= tokens:
        raise GaugeblockError(
            f"positions {places.tolist()} do not fit a batch of {len(hidden)} x {tokens} tokens",
            where="at",
        )
    return torch.from_numpy(places).to(hidden.device)


def _fits(batch: tuple[int, ...], values: tuple[int, ...]) -> None:
    if batch != values:
        raise GaugeblockError(
            f"values of shape {values} do not fit a batch of shape {batch}", where="patch"
        )
