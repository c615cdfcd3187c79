"""Record pooled activations, as an array or as a stream into accumulators.

Nothing but the pooled vectors leaves the hooks, the lm_head never runs, and the forward pass ends
after the last wanted layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, Protocol

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torch import Tensor

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.models.activations.batching import Batch, Padding, batches
from gaugeblock.models.activations.blocks import Blocks, Layer, find_blocks
from gaugeblock.models.activations.encoding import Text, check_lengths, encode, padding_id
from gaugeblock.models.activations.pooling import (
    Pooler,
    Pooling,
    TokenMask,
    chosen_tokens,
    pooling_of,
)
from gaugeblock.models.activations.running import Reader, run_blocks, torch_threads
from gaugeblock.models.activations.selftest import SelfTest, require_self_test
from gaugeblock.models.loading import LoadedModel

StoredDtype = Literal["float32", "float16"]

WINDOW = 1024
"""Texts that are encoded and sorted by length at a time; it bounds the memory of a stream."""


class Accumulator(Protocol):
    """Takes pooled activations as they come, batch by batch, in no particular order."""

    def update(self, rows: NDArray[np.int64], values: Tensor) -> None:
        """Take one batch.

        Args:
            rows: positions of these texts in the input, ``(batch,)``.
            values: their activations ``(batch, layers, width)`` in float32, on the model's
                device; the buffer is used again, so copy what is kept.
        """
        ...


class RecordingInfo(Record):
    """How activations were read.

    Attributes:
        subject: the subject's id.
        fingerprint: SHA-256 of the weights.
        architecture: class of the model.
        block_path: where the block list is.
        layers: the layers, in the order of the array.
        width: size of the residual stream.
        at: pooling, with ``mask:`` before it where only chosen tokens count.
        texts: how many.
        tokens: how many were fed, padding not counted.
        padding: ``equal-length`` where padding would move real tokens of this architecture.
        special_tokens: whether the tokenizer added its own.
        batch_tokens: most positions in one batch.
        dtype: type of the weights.
        device: where they are.
        threads: torch's CPU threads.
        self_test: worst deviation of each check, by name.
        torch: version.
        transformers: version.
    """

    subject: str
    fingerprint: str
    architecture: str
    block_path: str
    layers: tuple[Layer, ...]
    width: int
    at: str
    texts: int
    tokens: int
    padding: Padding
    special_tokens: bool
    batch_tokens: int
    dtype: str
    device: str
    threads: int
    self_test: dict[str, float]
    torch: str
    transformers: str


@dataclass(frozen=True, slots=True)
class Activations:
    """Pooled activations.

    Attributes:
        values: ``(texts, layers, width)``.
        layers: the layers, in the order of the second axis.
        info: how they were read.
    """

    values: NDArray[np.floating[Any]]
    layers: tuple[Layer, ...]
    info: RecordingInfo

    def __len__(self) -> int:
        return len(self.values)

    def layer(self, layer: Layer) -> NDArray[np.floating[Any]]:
        """Return one layer's activations, ``(texts, width)``.

        Raises:
            GaugeblockError: the layer was not recorded.
        """
        if layer not in self.layers:
            raise GaugeblockError(
                f"layer {layer!r} was not recorded", where=f"layers {list(self.layers)}"
            )
        return self.values[:, self.layers.index(layer)]

    def take(self, rows: NDArray[np.integer[Any]] | Sequence[int]) -> Activations:
        """Return the activations of some of the texts, in the order given."""
        chosen = self.values[np.asarray(rows, dtype=np.int64)]
        info = self.info.model_copy(update={"texts": len(chosen)})
        return Activations(chosen, self.layers, info)


def record(
    loaded: LoadedModel,
    texts: Sequence[Text],
    layers: Sequence[Layer] | Literal["all"] = "all",
    at: Pooling | TokenMask = "last",
    *,
    batch_tokens: int = 4096,
    dtype: StoredDtype = "float32",
    special_tokens: bool = True,
    threads: int | None = None,
) -> Activations:
    """Record one vector per text and layer.

    Args:
        loaded: the model, in evaluation mode, with its tokenizer.
        texts: strings, or token ids that are used as they are.
        layers: indices of blocks, ``embedding`` for what enters the first, or ``all`` blocks.
        at: the token, or the pooling over tokens.
        batch_tokens: most positions in one batch, padding included.
        dtype: type of the array; the pooling itself is done in float32.
        special_tokens: whether the tokenizer adds its own.
        threads: torch's CPU threads while recording; None leaves the number as it is.

    Raises:
        GaugeblockError: the model fails the self-test, a layer or mask that does not fit, a text
            that the model cannot take, or NaN or infinite activations.
    """
    store = _Store(len(texts), dtype)
    info = stream(
        loaded,
        texts,
        (store,),
        layers,
        at,
        batch_tokens=batch_tokens,
        special_tokens=special_tokens,
        threads=threads,
    )
    return Activations(store.values, info.layers, info)


def stream(
    loaded: LoadedModel,
    texts: Iterable[Text],
    accumulators: Sequence[Accumulator],
    layers: Sequence[Layer] | Literal["all"] = "all",
    at: Pooling | TokenMask = "last",
    *,
    batch_tokens: int = 4096,
    special_tokens: bool = True,
    threads: int | None = None,
) -> RecordingInfo:
    """Feed pooled activations into accumulators; memory does not grow with the number of texts.

    Args:
        loaded: as for ``record``.
        texts: any iterable; it is read 1,024 texts at a time.
        accumulators: each gets every batch.
        layers: as for ``record``.
        at: as for ``record``.
        batch_tokens: as for ``record``.
        special_tokens: as for ``record``.
        threads: as for ``record``.

    Raises:
        GaugeblockError: as ``record``, or there are no texts.
    """
    tested = require_self_test(loaded)
    blocks = find_blocks(loaded.model)
    chosen = blocks.layers(layers)
    pool = pooling_of(at)
    pad = padding_id(loaded)
    count = tokens = 0
    with torch.inference_mode(), torch_threads(threads) as used:
        for window in _windows(texts):
            rows = encode(loaded.tokenizer, window, special_tokens=special_tokens, first_row=count)
            check_lengths(loaded, rows, count)
            for batch in batches(rows, batch_tokens=batch_tokens, padding=tested.padding, pad=pad):
                values = _pooled(loaded, blocks, chosen, batch, at, pool, count)
                for accumulator in accumulators:
                    accumulator.update(batch.rows + count, values)
            count += len(rows)
            tokens += sum(map(len, rows))
    if not count:
        raise GaugeblockError("there are no texts to record", where=loaded.subject)
    return RecordingInfo(
        subject=loaded.subject,
        fingerprint=tested.fingerprint,
        architecture=tested.architecture,
        block_path=blocks.path,
        layers=chosen,
        width=blocks.width,
        at=f"mask:{pool}" if isinstance(at, TokenMask) else pool,
        texts=count,
        tokens=tokens,
        padding=tested.padding,
        special_tokens=special_tokens,
        batch_tokens=batch_tokens,
        dtype=str(next(loaded.model.parameters()).dtype).removeprefix("torch."),
        device=str(loaded.device),
        threads=used,
        self_test=_deviations(tested),
        torch=torch.__version__,
        transformers=transformers.__version__,
    )


class _Store:
    def __init__(self, texts: int, dtype: StoredDtype) -> None:
        self.texts = texts
        self.dtype = dtype
        self.values: NDArray[np.floating[Any]] = np.empty((texts, 0, 0), dtype=dtype)

    def update(self, rows: NDArray[np.int64], values: Tensor) -> None:
        if self.values.size == 0:
            self.values = np.empty((self.texts, *values.shape[1:]), dtype=self.dtype)
        largest = float(np.finfo(self.dtype).max)
        if self.dtype == "float16" and float(values.abs().max()) > largest:
            raise GaugeblockError(
                f"an activation exceeds {largest:.0f}, the most that float16 holds",
                remedy="Record with dtype float32",
            )
        self.values[rows] = values.cpu().numpy()


def _windows(texts: Iterable[Text]) -> Iterator[list[Text]]:
    remaining = iter(texts)
    while window := list(islice(remaining, WINDOW)):
        yield window


def _pooled(
    loaded: LoadedModel,
    blocks: Blocks,
    layers: tuple[Layer, ...],
    batch: Batch,
    at: Pooling | TokenMask,
    pool: Pooling,
    first_row: int,
) -> Tensor:
    picked = batch.mask.bool()
    if isinstance(at, TokenMask):
        for place, row in enumerate(batch.rows):
            length = int(batch.mask[place].sum())
            mask = chosen_tokens(at, int(row) + first_row, length)
            picked[place, :length] = torch.from_numpy(mask)
    pooler = Pooler(picked.to(loaded.device), pool)
    ids, mask_on = batch.ids.to(loaded.device), batch.mask.to(loaded.device)
    values = torch.empty((len(batch.rows), len(layers), blocks.width), device=loaded.device)
    readers = {layer: _into(values, place, pooler) for place, layer in enumerate(layers)}
    run_blocks(blocks, ids, mask_on, readers)
    finite = torch.isfinite(values).all(dim=2)
    if not finite.all():
        place, layer = (int(index) for index in torch.nonzero(~finite)[0])
        raise GaugeblockError(
            f"NaN or infinite activations at layer {layers[layer]}",
            where=f"text {int(batch.rows[place]) + first_row}",
            remedy="Load the model in float32, or check its weights",
        )
    return values


def _into(values: Tensor, place: int, pooler: Pooler) -> Reader:
    def read(hidden: Tensor) -> None:
        values[:, place] = pooler(hidden)

    return read


def _deviations(tested: SelfTest) -> dict[str, float]:
    return {c.name: c.measured for c in tested.checks if c.measured is not None}
