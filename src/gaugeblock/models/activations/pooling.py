"""Pool a batch's residual stream over its tokens, inside the hook."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaugeblock.errors import GaugeblockError

Pooling = Literal["last", "mean", "max"]
POOLINGS: tuple[Pooling, ...] = ("last", "mean", "max")


@dataclass(frozen=True, slots=True)
class TokenMask:
    """Pool over chosen tokens only.

    Attributes:
        masks: for each text, one truth value per token of ``encode(text)``.
        pool: how the chosen tokens are pooled.
    """

    masks: Sequence[NDArray[np.bool_]]
    pool: Pooling = "mean"


class Pooler:
    """The pooling of one batch, prepared once for all its layers.

    Args:
        chosen: which positions count, ``(batch, tokens)``; True for at least one in each row.
        pool: how they are pooled.
    """

    def __init__(self, chosen: Tensor, pool: Pooling) -> None:
        self.pool: Pooling = pool
        self._chosen = chosen
        self._all = bool(chosen.all())
        positions = torch.arange(chosen.shape[1], device=chosen.device)
        self._last = (positions * chosen).amax(dim=1)
        self._rows = torch.arange(chosen.shape[0], device=chosen.device)
        self._weights = (chosen / chosen.sum(dim=1, keepdim=True)).unsqueeze(1)

    def __call__(self, stream: Tensor) -> Tensor:
        """Pool ``(batch, tokens, width)`` to ``(batch, width)`` in float32."""
        if self.pool == "last":
            return stream[self._rows, self._last].float()
        if self.pool == "mean":
            return torch.bmm(self._weights, stream.float()).squeeze(1)
        if self._all:
            return stream.amax(dim=1).float()
        return stream.masked_fill(~self._chosen.unsqueeze(2), -torch.inf).amax(dim=1).float()


def pooling_of(at: Pooling | TokenMask) -> Pooling:
    """Return the pooling that ``at`` names.

    Raises:
        GaugeblockError: it names none.
    """
    pool = at.pool if isinstance(at, TokenMask) else at
    if pool not in POOLINGS:
        raise GaugeblockError(
            f"{pool!r} is not a pooling",
            where="at",
            remedy="Use last, mean, max or a TokenMask",
        )
    return pool


def chosen_tokens(at: Pooling | TokenMask, row: int, tokens: int) -> NDArray[np.bool_]:
    """Return which of a text's tokens are pooled, ``(tokens,)``.

    Raises:
        GaugeblockError: the text has no mask, one of another length, or an empty one.
    """
    if not isinstance(at, TokenMask):
        return np.ones(tokens, dtype=np.bool_)
    if row >= len(at.masks):
        raise GaugeblockError(
            f"there are {len(at.masks)} masks but more texts", where=f"text {row}"
        )
    mask = np.asarray(at.masks[row], dtype=np.bool_)
    if mask.shape != (tokens,):
        raise GaugeblockError(
            f"the mask has shape {mask.shape} but the text has {tokens} tokens",
            where=f"text {row}",
            remedy="Give one value per token of encode(text)",
        )
    if not mask.any():
        raise GaugeblockError("the mask chooses no token", where=f"text {row}")
    return mask
