"""Contrast-consistent search: a probe from pairs of opposite statements, without labels."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue
from scipy import optimize, special

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.probe import LinearProbe, linear_state
from gaugeblock.errors import GaugeblockError


class CCS(LinearProbe):
    """Finds a direction on which a statement and its opposite get probabilities that sum to 1.

    ``fit`` reads ``groups`` as pairs: every group has two rows, the affirmative one first. Labels
    are used for one bit, the sign. Each side of the pairs is centred by its own mean, which takes
    out the wording that tells the sides apart.

    Args:
        restarts: random starts; the one with the lowest loss is kept.
        seed: of the starts.

    Source: Burns, Ye, Klein and Steinhardt 2022, arXiv:2212.03827, eq. (1) to (3).
    """

    family = "ccs"
    paper = "Burns et al. 2022, arXiv:2212.03827"
    unit = "logit"
    supervised = False

    def __init__(self, restarts: int = 10, seed: int = 0) -> None:
        super().__init__()
        self.restarts, self.seed = restarts, seed

    @property
    def settings(self) -> dict[str, JsonValue]:
        """Restarts and seed."""
        return {"restarts": self.restarts, "seed": self.seed}

    def _fit(self, x: Floats, y: Ints, groups: Ints) -> Mapping[str, Floats]:
        if not (np.bincount(groups) == 2).all():
            raise GaugeblockError(
                "CCS reads pairs: every group must have exactly two rows, a statement and its "
                "opposite",
                where="groups",
            )
        order = np.argsort(groups, kind="stable")
        first, second = order[::2], order[1::2]
        centres = x[first].mean(axis=0), x[second].mean(axis=0)
        a, b = x[first] - centres[0], x[second] - centres[1]
        scale = float(np.sqrt((np.concatenate([a, b]) ** 2).mean())) or 1.0
        a, b = a / scale, b / scale
        rng = np.random.default_rng(self.seed)
        runs = [self._descend(a, b, rng) for _ in range(self.restarts)]
        theta = min(runs, key=lambda run: run[0])[1]
        weight = theta[:-1] / scale
        bias = float(theta[-1]) - float(weight @ (centres[0] + centres[1])) / 2
        # A sign that labels disagree with is turned; they decide nothing else.
        if np.mean(((x @ weight + bias) > 0) == (y == 1)) < 0.5:
            weight, bias = -weight, -bias
        return linear_state(weight, bias)

    def _descend(
        self, a: Floats, b: Floats, rng: np.random.Generator
    ) -> tuple[float, NDArray[np.float64]]:
        n, d = a.shape
        start = np.append(rng.standard_normal(d) / np.sqrt(d), 0.0)

        def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            p, q = (
                special.expit(a @ theta[:-1] + theta[-1]),
                special.expit(b @ theta[:-1] + theta[-1]),
            )
            gap, low = p + q - 1, np.minimum(p, q)
            value = float((gap**2 + low**2).mean())
            by_p = (2 * gap + 2 * low * (p <= q)) * p * (1 - p) / n
            by_q = (2 * gap + 2 * low * (q < p)) * q * (1 - q) / n
            # A faint penalty keeps the weights finite where the pairs separate perfectly.
            slope = np.append(a.T @ by_p + b.T @ by_q + 2e-4 * theta[:-1], (by_p + by_q).sum())
            return value + 1e-4 * float(theta[:-1] @ theta[:-1]), slope

        found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B")
        return float(found.fun), np.asarray(found.x)
