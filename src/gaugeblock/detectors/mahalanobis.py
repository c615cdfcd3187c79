"""Distance from what is normal: a one-class detector, and the gate of a domain of validity."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import linalg

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.lda import ledoit_wolf
from gaugeblock.detectors.probe import Probe
from gaugeblock.errors import GaugeblockError


class Mahalanobis(Probe):
    """Score = Mahalanobis distance to the negatives, with a shrunk covariance.

    Only rows labelled 0 are read; ``fit_normal`` takes them alone. It has no direction.

    Source: Lee, Lee, Lee and Shin 2018, arXiv:1807.03888, eq. (2), with Ledoit and Wolf 2004's
    shrinkage; as an anomaly detector on activations, Mallen et al. 2023, arXiv:2312.01037.
    """

    family = "mahalanobis"
    paper = "Lee et al. 2018, arXiv:1807.03888"
    unit = "distance"
    supervised = False

    def fit_normal(self, activations: Floats) -> Mahalanobis:
        """Learn from normal activations alone, shape (n, d) with n > 1, and return self."""
        x = np.asarray(activations, dtype=np.float64)
        if len(x) < 2:
            raise GaugeblockError(f"{len(x)} normal rows", where="activations", remedy="Give more")
        centre = x.mean(axis=0)
        residual = x - centre
        amount = max(ledoit_wolf(residual), 1e-6)
        covariance = (1 - amount) * residual.T @ residual / len(x)
        spread = float((residual**2).mean()) or 1.0
        covariance[np.diag_indices(len(covariance))] += amount * spread
        whitener = linalg.solve_triangular(
            linalg.cholesky(covariance, lower=True), np.eye(len(covariance)), lower=True
        )
        self.arrays = {"centre": centre, "weight": whitener}
        return self

    def _fit(self, x: Floats, y: Ints, groups: Ints) -> Mapping[str, Floats]:
        return self.fit_normal(x[y == 0]).arrays

    def _score(self, x: Floats) -> Floats:
        flat = (x - self.arrays["centre"]) @ self.arrays["weight"].T
        return np.asarray(np.sqrt((flat**2).sum(axis=1)), dtype=np.float64)
