"""One probe per layer, their standardised scores averaged."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import JsonValue

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.lda import LDA
from gaugeblock.detectors.logistic import Logistic
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.detectors.probe import LinearProbe, Probe
from gaugeblock.errors import GaugeblockError

_MEMBERS: dict[str, type[LinearProbe]] = {p.family: p for p in (MassMean, LDA, Logistic)}


class Ensemble(Probe):
    """Score = mean over layers of a linear probe's score in units of its standard deviation.

    Reads activations of several layers, shape (n, layers, d).

    Args:
        member: family of the probe on each layer: mass-mean, lda or logistic.

    Source: multi-layer probe ensembles, arXiv:2604.13386.
    """

    family = "ensemble"
    paper = "arXiv:2604.13386"
    unit = "projection"
    ndim = 3

    def __init__(self, member: str = "lda") -> None:
        super().__init__()
        if member not in _MEMBERS:
            raise GaugeblockError(
                f"no linear probe '{member}'", where="member", remedy=f"One of {sorted(_MEMBERS)}"
            )
        self.member = member

    @property
    def settings(self) -> dict[str, JsonValue]:
        """The members' family."""
        return {"member": self.member}

    def _fit(self, x: Floats, y: Ints, groups: Ints) -> Mapping[str, Floats]:
        weights, biases = [], []
        for layer in range(x.shape[1]):
            probe = _MEMBERS[self.member]().fit(x[:, layer], y, groups=groups)
            scores = probe.score(x[:, layer])
            spread = float(scores.std()) or 1.0
            weights.append(probe.arrays["weight"] / spread)
            biases.append((float(probe.arrays["bias"])) / spread)
        return {"weight": np.stack(weights), "bias": np.array(biases)}

    def _score(self, x: Floats) -> Floats:
        if x.shape[1] != len(self.arrays["bias"]):
            raise GaugeblockError(
                f"{x.shape[1]} layers where the ensemble was fitted on {len(self.arrays['bias'])}",
                where="activations",
            )
        each = np.einsum("nld,ld->nl", x, self.arrays["weight"]) + self.arrays["bias"]
        return np.asarray(each.mean(axis=1))
