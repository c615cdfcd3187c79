"""Length buckets: batches of similar length, longest first, padded on the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Padding = Literal["right", "equal-length"]


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch.

    Attributes:
        rows: which texts these are, ``(batch,)``.
        ids: token ids ``(batch, tokens)``, padded on the right.
        mask: 1 for real tokens, 0 for padding, of the same shape.
    """

    rows: NDArray[np.int64]
    ids: Tensor
    mask: Tensor


def batches(
    rows: Sequence[Sequence[int]], *, batch_tokens: int, padding: Padding, pad: int
) -> Iterator[Batch]:
    """Cut texts into batches of at most ``batch_tokens`` positions, padding included.

    The longest come first, so that memory peaks at once and not in the last minute. A text longer
    than the limit is a batch of its own.

    Args:
        rows: token ids of each text.
        batch_tokens: most positions in a batch.
        padding: ``equal-length`` puts only texts of one length together, so that none is padded.
        pad: the id that pads.
    """
    lengths = np.array([len(ids) for ids in rows], dtype=np.int64)
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        longest = int(lengths[order[start]])
        stop = min(start + max(1, batch_tokens // longest), len(order))
        if padding == "equal-length":
            same = lengths[order[start:stop]] == longest
            stop = start + int(same.sum())
        yield _batch(rows, order[start:stop], longest, pad)
        start = stop


def _batch(
    rows: Sequence[Sequence[int]], chosen: NDArray[np.int64], longest: int, pad: int
) -> Batch:
    ids = np.full((len(chosen), longest), pad, dtype=np.int64)
    mask = np.zeros((len(chosen), longest), dtype=np.int64)
    for place, row in enumerate(chosen):
        ids[place, : len(rows[row])] = rows[row]
        mask[place, : len(rows[row])] = 1
    return Batch(chosen, torch.from_numpy(ids), torch.from_numpy(mask))
