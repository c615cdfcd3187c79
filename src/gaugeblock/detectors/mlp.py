"""A probe with one hidden layer, for what no direction reads."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue
from scipy import optimize, special

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.probe import Probe
from gaugeblock.errors import GaugeblockError


class MLP(Probe):
    """Score = log odds of a network with one tanh layer, fitted by L-BFGS with weight decay.

    Args:
        hidden: units of the hidden layer.
        decay: weight decay, as a multiple of half the squared weights added to the mean log loss.
        seed: of the first weights.

    Source: Hewitt and Liang 2019, arXiv:1909.03368 (MLP-1 probes).
    """

    family = "mlp"
    paper = "Hewitt and Liang 2019, arXiv:1909.03368"
    unit = "logit"

    def __init__(self, hidden: int = 32, decay: float = 0.003, seed: int = 0) -> None:
        super().__init__()
        if hidden < 1 or decay <= 0:
            raise GaugeblockError("hidden units and decay must be above 0", where="mlp")
        self.hidden, self.decay, self.seed = hidden, decay, seed

    @property
    def settings(self) -> dict[str, JsonValue]:
        """Size, decay and seed."""
        return {"hidden": self.hidden, "decay": self.decay, "seed": self.seed}

    @property
    def direction(self) -> None:
        """None: there is no one direction."""
        self._need_fit()

    @property
    def width(self) -> int | None:
        """Length of the activations it was fitted on."""
        return int(self.arrays["into"].shape[0]) if self.arrays else None

    def _fit(self, x: Floats, y: Ints, groups: Ints) -> Mapping[str, Floats]:
        n, d = x.shape
        centre, scale = x.mean(axis=0), x.std(axis=0)
        scale[scale == 0] = 1.0
        z = (x - centre) / scale
        sign = 2.0 * y - 1.0
        h = self.hidden
        rng = np.random.default_rng(self.seed)
        start = np.concatenate(
            [rng.normal(0, d**-0.5, d * h), np.zeros(h), rng.normal(0, h**-0.5, h), [0.0]]
        )

        def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            into, bias, out = (
                theta[: d * h].reshape(d, h),
                theta[d * h : -h - 1],
                theta[-h - 1 : -1],
            )
            hidden = np.tanh(z @ into + bias)
            margin = sign * (hidden @ out + theta[-1])
            pull = -sign * special.expit(-margin) / n
            back = np.outer(pull, out) * (1 - hidden**2)
            value = float(np.logaddexp(0, -margin).mean())
            value += self.decay / 2 * float((into**2).sum() + out @ out)
            slope = np.concatenate(
                [
                    (z.T @ back + self.decay * into).ravel(),
                    back.sum(axis=0),
                    hidden.T @ pull + self.decay * out,
                    [pull.sum()],
                ]
            )
            return value, slope

        found = optimize.minimize(
            loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300, "gtol": 1e-5}
        ).x
        return {
            "centre": centre,
            "scale": scale,
            "into": found[: d * h].reshape(d, h),
            "bias": found[d * h : -h - 1],
            "out": found[-h - 1 : -1],
            "out_bias": np.array(found[-1]),
        }

    def _score(self, x: Floats) -> Floats:
        a = self.arrays
        hidden = np.tanh((x - a["centre"]) / a["scale"] @ a["into"] + a["bias"])
        return np.asarray(hidden @ a["out"] + a["out_bias"], dtype=np.float64)
