"""The belief/desire split: which parameters reward trains, and which learn prediction or nothing.

A parameter that does not require a gradient while a forward pass is recorded gets none from it,
so routing is a matter of whose turn it is; no gradient is computed to be thrown away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import nn

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import find_blocks
from gaugeblock.pressure.kinds import Mitigation


class Routing:
    """Parameters above the split's layer (desires) and all others (beliefs).

    Above are the blocks after the layer, and the output head where it is no embedding too. What
    is neither (a final norm) stays frozen: it belongs to no block, and models name it as they like.

    Args:
        model: the model that will be trained, adapter and all.
        split: the mitigation; None trains everything by reward.

    Raises:
        GaugeblockError: the layer is outside the model, or nothing above it can be trained.

    Source: gradient routing, Cloud et al. 2024, arXiv:2410.04332.
    """

    def __init__(self, model: Any, split: Mitigation | None) -> None:
        self.learns = ""
        self._above: list[nn.Parameter] = []
        self._below: list[nn.Parameter] = []
        if split is None:
            return
        base: Any = model.get_base_model() if hasattr(model, "get_base_model") else model
        blocks = find_blocks(base)
        assert split.layer is not None
        assert split.trunk is not None
        check_split(split, blocks.count)
        trainable = [one for one in model.parameters() if one.requires_grad]
        tied = {id(one) for one in base.get_input_embeddings().parameters()}
        head = base.get_output_embeddings()
        above = {
            id(one)
            for module in (*blocks.modules[split.layer + 1 :], *([] if head is None else [head]))
            for one in module.parameters()
        } - tied
        below = {
            id(one)
            for module in (*blocks.modules[: split.layer + 1], base.get_input_embeddings())
            for one in module.parameters()
        }
        self._above = [one for one in trainable if id(one) in above]
        self._below = [one for one in trainable if id(one) in below]
        if not self._above:
            raise GaugeblockError(
                f"nothing above layer {split.layer} can be trained", where="mitigations: split"
            )
        for one in trainable:
            one.requires_grad_(id(one) in above)
        if split.trunk != "frozen":
            self.learns = split.trunk.removeprefix("predictive-")
            _set(self._below, True)

    @contextmanager
    def reward(self) -> Iterator[None]:
        """Inside, only what reward may train gets a gradient."""
        with self._without(self._below if self.learns else []):
            yield

    @contextmanager
    def prediction(self) -> Iterator[None]:
        """Inside, only the trunk does."""
        with self._without(self._above if self.learns else []):
            yield

    @contextmanager
    def _without(self, some: Sequence[nn.Parameter]) -> Iterator[None]:
        _set(some, False)
        try:
            yield
        finally:
            _set(some, True)


def check_split(split: Mitigation, count: int) -> None:
    """Refuse a split at a layer that the model does not have, or above which there is no block.

    Raises:
        GaugeblockError: naming the layers that there are.
    """
    if split.layer is None or not 0 <= split.layer < count - 1:
        raise GaugeblockError(
            f"a split at layer {split.layer}, the model has blocks 0 to {count - 1}",
            where="mitigations: split",
            remedy=f"Split at 0 to {count - 2}, so that a block is left above"
            if count > 1
            else "A model of one block cannot be split",
        )


def _set(some: Sequence[nn.Parameter], value: bool) -> None:
    for one in some:
        one.requires_grad_(value)
