"""A probe's score as a differentiable function of activations, equal to its own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from gaugeblock.detectors.mahalanobis import Mahalanobis
from gaugeblock.detectors.mlp import MLP
from gaugeblock.detectors.probe import LinearProbe, Probe
from gaugeblock.errors import GaugeblockError

Score = Callable[[Tensor], Tensor]


def torch_score(probe: Probe, device: torch.device | str = "cpu") -> Score:
    """Return a function from activations (n, d) to scores (n,) through which gradients flow.

    Raises:
        GaugeblockError: the family has no differentiable form here.
    """
    a = {
        name: torch.from_numpy(np.array(array, dtype=np.float32)).to(device)
        for name, array in probe.arrays.items()
    }
    if isinstance(probe, LinearProbe):
        return lambda x: x.float() @ a["weight"] + a["bias"]
    if isinstance(probe, MLP):
        return lambda x: (
            torch.tanh((x.float() - a["centre"]) / a["scale"] @ a["into"] + a["bias"]) @ a["out"]
            + a["out_bias"]
        )
    if isinstance(probe, Mahalanobis):
        # The root has no slope at the centre itself, where the distance is zero.
        return lambda x: (
            ((x.float() - a["centre"]) @ a["weight"].T).square().sum(1).clamp_min(1e-12).sqrt()
        )
    raise GaugeblockError(
        f"no gradient can be put through a detector of the family '{probe.family}'",
        where="pressure",
        remedy="Use a linear probe, mlp or mahalanobis for a differentiable penalty",
    )
