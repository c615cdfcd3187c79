"""Record every token's activations, for detectors that do their own pooling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations.batching import batches
from gaugeblock.models.activations.blocks import Layer, find_blocks
from gaugeblock.models.activations.encoding import Text, check_lengths, encode, padding_id
from gaugeblock.models.activations.running import Reader, run_blocks, torch_threads
from gaugeblock.models.activations.selftest import require_self_test
from gaugeblock.models.loading import LoadedModel


@dataclass(frozen=True, slots=True)
class TokenActivations:
    """Activations of texts of different lengths, end to end.

    Attributes:
        values: ``(layers, total tokens, width)`` in float32.
        offsets: where each text begins, and the end, ``(texts + 1,)``.
        layers: the layers, in the order of the first axis.
        fingerprint: of the weights.
    """

    values: NDArray[np.float32]
    offsets: NDArray[np.int64]
    layers: tuple[Layer, ...]
    fingerprint: str

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def text(self, row: int) -> NDArray[np.float32]:
        """Return one text's activations, ``(layers, tokens, width)``."""
        return self.values[:, self.offsets[row] : self.offsets[row + 1]]


def record_tokens(
    loaded: LoadedModel,
    texts: Sequence[Text],
    layers: Sequence[Layer] | Literal["all"] = "all",
    *,
    batch_tokens: int = 4096,
    special_tokens: bool = True,
    threads: int | None = None,
) -> TokenActivations:
    """Record one vector per token and layer; the arguments are those of ``record``.

    Raises:
        GaugeblockError: as ``record``.
    """
    tested = require_self_test(loaded)
    blocks = find_blocks(loaded.model)
    chosen = blocks.layers(layers)
    rows = encode(loaded.tokenizer, texts, special_tokens=special_tokens)
    if not rows:
        raise GaugeblockError("there are no texts to record", where=loaded.subject)
    check_lengths(loaded, rows)
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    values = np.empty((len(chosen), int(offsets[-1]), blocks.width), dtype=np.float32)
    cut = batches(rows, batch_tokens=batch_tokens, padding=tested.padding, pad=padding_id(loaded))
    with torch.inference_mode(), torch_threads(threads):
        for batch in cut:
            spans = [(int(offsets[row]), int(offsets[row + 1])) for row in batch.rows]
            readers = {layer: _into(values[place], spans) for place, layer in enumerate(chosen)}
            ids, mask = batch.ids.to(loaded.device), batch.mask.to(loaded.device)
            run_blocks(blocks, ids, mask, readers)
    broken = np.argwhere(~np.isfinite(values).all(axis=2))
    if len(broken):
        layer, token = broken[0]
        raise GaugeblockError(
            f"NaN or infinite activations at layer {chosen[layer]}",
            where=f"text {int(np.searchsorted(offsets, token, side='right')) - 1}",
            remedy="Load the model in float32, or check its weights",
        )
    return TokenActivations(values, offsets, chosen, tested.fingerprint)


def _into(values: NDArray[np.float32], spans: list[tuple[int, int]]) -> Reader:
    def read(hidden: Tensor) -> None:
        on_host = hidden.float().cpu().numpy()
        for place, (start, stop) in enumerate(spans):
            values[start:stop] = on_host[place, : stop - start]

    return read
