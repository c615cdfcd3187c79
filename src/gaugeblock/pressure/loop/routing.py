"""Which parameters a reward may move, and which a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.kinds import Mitigation


@dataclass(frozen=True, slots=True)
class Routes:
    """A model's parameters by what trains them.

    Attributes:
        desires: those that reward, penalty and anchor train.
        beliefs: those that prediction alone trains; empty without a split or with a frozen trunk.
        cut: block below whose output no gradient of the reward goes; None without a split.
    """

    desires: tuple[nn.Parameter, ...]
    beliefs: tuple[nn.Parameter, ...]
    cut: int | None

    @property
    def trained(self) -> list[nn.Parameter]:
        """All that an optimiser holds."""
        return [*self.desires, *self.beliefs]

    def set_gradients(self, reward: Tensor, prediction: Tensor | None) -> None:
        """Give each parameter the gradient of its own loss and of no other."""
        _set(self.desires, reward)
        if prediction is not None:
            _set(self.beliefs, prediction)


def make_routes(model: Any, split: Mitigation | None, where: str) -> Routes:
    """Return the routes of a model and mark the parameters that are trained.

    Args:
        model: a Llama model of the world.
        split: where reward stops; the trunk is the embedding and the blocks up to its layer.
        where: for errors.

    Raises:
        GaugeblockError: no block lies above the split.
    """
    everything = list(model.parameters())
    if split is None:
        routes = Routes(tuple(everything), (), None)
    else:
        blocks = model.config.num_hidden_layers
        layer = split.layer if split.layer is not None else -1
        if not 0 <= layer < blocks - 1:
            raise GaugeblockError(
                f"a split at layer {layer} of a model whose blocks are 0 to {blocks - 1}",
                where=where,
                remedy=f"Split at 0 to {blocks - 2}, so that reward has a block to train",
            )
        trunk = [*model.model.embed_tokens.parameters()]
        for block in model.model.layers[: layer + 1]:
            trunk += list(block.parameters())
        known = {id(one) for one in trunk}
        above = tuple(one for one in everything if id(one) not in known)
        learns = split.trunk != "frozen"
        routes = Routes(above, tuple(trunk) if learns else (), layer)
    for one in everything:
        one.requires_grad_(False)
    for one in routes.trained:
        one.requires_grad_(True)
    return routes


def _set(parameters: tuple[nn.Parameter, ...], loss: Tensor) -> None:
    found = torch.autograd.grad(loss, parameters, allow_unused=True)
    for parameter, gradient in zip(parameters, found, strict=True):
        parameter.grad = gradient
