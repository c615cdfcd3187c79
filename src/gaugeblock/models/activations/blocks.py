"""Find a model's residual stream: one rule for every architecture.

The blocks are the outermost ``ModuleList`` whose length is ``config.num_hidden_layers``. It holds
for attention, mixture-of-experts, state-space, recurrent and hybrid models alike, where
``output_hidden_states`` does not: there the last entry may be normed, and state-space models
number the list from one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn
from transformers import PreTrainedModel

from gaugeblock.errors import GaugeblockError

Layer = int | Literal["embedding"]
"""The output of a block by its index, or what enters the first block."""

EMBEDDING: Literal["embedding"] = "embedding"


@dataclass(frozen=True, slots=True)
class Blocks:
    """A model's blocks and what has to run for them to run.

    Attributes:
        path: name of the block list inside the model.
        modules: the blocks, in order.
        backbone: the smallest model around the list; it has no lm_head.
        width: size of the residual stream.
    """

    path: str
    modules: tuple[nn.Module, ...]
    backbone: nn.Module
    width: int

    @property
    def count(self) -> int:
        """Number of blocks."""
        return len(self.modules)

    def layers(self, wanted: Sequence[Layer] | Literal["all"]) -> tuple[Layer, ...]:
        """Check a choice of layers; ``all`` is every block, without the embedding.

        Raises:
            GaugeblockError: none chosen, one chosen twice, or one that does not exist.
        """
        if isinstance(wanted, str):
            if wanted != "all":
                raise GaugeblockError(
                    f"{wanted!r} is not a choice of layers",
                    where="layers",
                    remedy=f'Use "all" or a list of indices 0 to {self.count - 1} and "embedding"',
                )
            return tuple(range(self.count))
        chosen = tuple(wanted)
        for layer in chosen:
            known = layer == EMBEDDING or (
                isinstance(layer, int) and not isinstance(layer, bool) and 0 <= layer < self.count
            )
            if not known:
                raise GaugeblockError(
                    f"layer {layer!r} does not exist",
                    where=self.path,
                    remedy=f'The model has blocks 0 to {self.count - 1}, and "embedding" before',
                )
        if not chosen or len(set(chosen)) != len(chosen):
            raise GaugeblockError(
                "no layer is chosen" if not chosen else "a layer is chosen twice", where="layers"
            )
        return chosen

    def indices(self, layer: int | Sequence[int]) -> tuple[int, ...]:
        """Check the blocks that an intervention acts on.

        Raises:
            GaugeblockError: as ``layers``, or the embedding, which is no block's output.
        """
        chosen = self.layers((layer,) if isinstance(layer, int | str) else layer)
        indices = tuple(index for index in chosen if index != EMBEDDING)
        if len(indices) != len(chosen):
            raise GaugeblockError(
                "an intervention acts on a block's output",
                where="embedding",
                remedy="Name a block by its index",
            )
        return indices


def find_blocks(model: nn.Module) -> Blocks:
    """Find the block list of any model with a ``config``.

    Raises:
        GaugeblockError: the configuration names no number of layers, or no list, or several,
            have that length.
    """
    config: Any = getattr(model, "config", None)
    if hasattr(config, "get_text_config"):
        config = config.get_text_config()
    count = getattr(config, "num_hidden_layers", None)
    width = getattr(config, "hidden_size", None)
    name = type(model).__name__
    if not isinstance(count, int) or not isinstance(width, int):
        raise GaugeblockError(
            "the configuration does not say how many layers there are and how wide they are",
            where=name,
            remedy="Set config.num_hidden_layers and config.hidden_size",
        )
    found: dict[str, nn.ModuleList] = {}
    for path, module in model.named_modules():
        inside_another = any(path.startswith(f"{outer}.") for outer in found)
        if isinstance(module, nn.ModuleList) and len(module) == count and not inside_another:
            found[path] = module
    if len(found) != 1:
        what = f"{len(found)} lists have" if found else "no list has"
        raise GaugeblockError(
            f"{what} the {count} blocks that the configuration names"
            + (f": {', '.join(found)}" if found else ""),
            where=name,
            remedy="Pass the part of the model that has one stack of blocks" if found else None,
        )
    ((path, blocks),) = found.items()
    return Blocks(path, tuple(blocks), _backbone(model, path), width)


def stream_of(output: Any) -> Tensor:
    """Return the residual stream from what a block returned, ``(batch, tokens, width)``.

    Raises:
        GaugeblockError: the block returned nothing of that shape.
    """
    first = output[0] if isinstance(output, tuple | list) and output else output
    if not isinstance(first, Tensor) or first.ndim != 3:
        raise GaugeblockError(
            f"a block returned {type(first).__name__}, not a tensor (batch, tokens, width)",
            remedy="This architecture cannot be read",
        )
    return first


def with_stream(output: Any, changed: Tensor) -> Any:
    """Return a block's output with its residual stream replaced."""
    if isinstance(output, tuple):
        return (changed, *output[1:])
    if isinstance(output, list):
        return [changed, *output[1:]]
    return changed


def _backbone(model: nn.Module, path: str) -> nn.Module:
    parts = path.split(".")[:-1]
    around = [model.get_submodule(".".join(parts[:end])) for end in range(len(parts), 0, -1)]
    whole = [isinstance(module, PreTrainedModel) for module in around]
    return around[whole.index(True)] if True in whole else model
