"""Linear discriminant analysis with a shrunk covariance, in closed form."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import JsonValue
from scipy import linalg

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.probe import LinearProbe, linear_state
from gaugeblock.errors import GaugeblockError


def ledoit_wolf(centred: Floats) -> float:
    """Return the Ledoit-Wolf shrinkage intensity towards a scaled identity, in [0, 1].

    Args:
        centred: rows with their mean taken out, shape (n, d).

    Source: Ledoit and Wolf 2004, J. Multivariate Anal. 88:365, eq. (14) and lemma 3.2.
    """
    n, d = centred.shape
    # With fewer rows than columns the same traces come cheaper from the n x n products.
    product = centred.T @ centred if d <= n else centred @ centred.T
    trace = float(np.trace(product)) / n
    norm = float((product**2).sum()) / n**2
    spread = norm - trace**2 / d
    noise = (float(((centred**2).sum(axis=1) ** 2).sum()) / n - norm) / n
    return 0.0 if spread <= 0 else float(np.clip(noise / spread, 0.0, 1.0))


def within_class(x: Floats, y: Ints, shrinkage: float | None) -> Floats:
    """Return the classes' pooled covariance (d, d), each class shrunk towards its scaled identity.

    Args:
        x: activations, shape (n, d).
        y: labels, shape (n,).
        shrinkage: in [0, 1]; None for Ledoit-Wolf's on the pooled residuals.
    """
    parts = [x[y == side] - x[y == side].mean(axis=0) for side in (0, 1)]
    amount = ledoit_wolf(np.concatenate(parts)) if shrinkage is None else shrinkage
    d = x.shape[1]
    pooled = sum(part.T @ part for part in parts) / len(x)
    mean = np.trace(pooled) / d
    out = (1 - amount) * pooled
    out[np.diag_indices(d)] += amount * mean
    return np.asarray(out, dtype=np.float64)


class LDA(LinearProbe):
    """Score = log odds under two Gaussians with one shrunk covariance.

    Equal to scikit-learn's ``LinearDiscriminantAnalysis(solver="lsqr", shrinkage=s)`` for a given
    ``shrinkage``; the default intensity is Ledoit and Wolf's on the pooled residuals. With the
    mass-mean direction this is the ``iid`` form of Marks and Tegmark 2023, section 4.1.

    Args:
        shrinkage: in [0, 1]; None to choose it from the data.

    Source: Fisher 1936, Ann. Eugenics 7:179; Ledoit and Wolf 2004.
    """

    family = "lda"
    paper = "Fisher 1936; Ledoit and Wolf 2004, J. Multivariate Anal. 88:365"
    unit = "logit"

    def __init__(self, shrinkage: float | None = None) -> None:
        super().__init__()
        if shrinkage is not None and not 0 <= shrinkage <= 1:
            raise GaugeblockError(f"{shrinkage} is not between 0 and 1", where="shrinkage")
        self.shrinkage = shrinkage

    @property
    def settings(self) -> dict[str, JsonValue]:
        """The shrinkage."""
        return {"shrinkage": self.shrinkage}

    def _fit(self, x: Floats, y: Ints, groups: Ints) -> Mapping[str, Floats]:
        high, low = x[y == 1].mean(axis=0), x[y == 0].mean(axis=0)
        covariance = within_class(x, y, self.shrinkage)
        try:
            weight = linalg.solve(covariance, high - low, assume_a="pos")
        except linalg.LinAlgError as error:
            raise GaugeblockError(
                f"the covariance of {len(x)} rows in {x.shape[1]} dimensions is singular",
                where="shrinkage",
                remedy="Shrink more, or leave the shrinkage to be chosen",
            ) from error
        share = y.mean()
        return linear_state(
            np.asarray(weight),
            -float(weight @ (high + low)) / 2 + float(np.log(share / (1 - share))),
        )
