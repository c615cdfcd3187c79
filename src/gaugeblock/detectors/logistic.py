"""L2-regularised logistic regression by L-BFGS, for dense and sparse rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue
from scipy import optimize, sparse, special

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.probe import LinearProbe, linear_state
from gaugeblock.errors import GaugeblockError


def fit_logistic(
    x: Floats | sparse.csr_matrix, y: Ints, c: float, tolerance: float = 1e-6
) -> tuple[Floats, float]:
    """Return weight (d,) and bias that minimise |w|^2 / 2 + c * sum of log losses.

    The bias is not penalised. Same objective as scikit-learn's ``LogisticRegression(C=c)``.

    Args:
        x: rows, shape (n, d).
        y: labels 0 or 1, shape (n,).
        c: inverse strength of the penalty, > 0.
        tolerance: largest component of the gradient, divided by c n, at which to stop.
    """
    sign = 2.0 * y - 1.0
    n, d = x.shape

    def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weight, bias = theta[:-1], theta[-1]
        margin = sign * (x @ weight + bias)
        pull = -sign * special.expit(-margin)
        value = float(np.logaddexp(0, -margin).sum()) / n + float(weight @ weight) / (2 * c * n)
        slope = np.empty(d + 1)
        slope[:-1] = (x.T @ pull) / n + weight / (c * n)
        slope[-1] = pull.sum() / n
        return value, slope

    found = optimize.minimize(
        loss,
        np.zeros(d + 1),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 5000, "maxfun": 10000, "gtol": tolerance, "ftol": 1e-15, "maxcor": 20},
    )
    return np.asarray(found.x[:-1]), float(found.x[-1])


class Logistic(LinearProbe):
    """Score = log odds of a logistic regression with an L2 penalty.

    Args:
        c: inverse strength of the penalty, as in scikit-learn.
        standardise: divide each dimension by its standard deviation before fitting, so that the
            penalty does not favour the few dimensions of huge scale that language models have.

    Source: Alain and Bengio 2016, arXiv:1610.01644.
    """

    family = "logistic"
    paper = "Alain and Bengio 2016, arXiv:1610.01644"
    unit = "logit"

    def __init__(self, c: float = 0.01, standardise: bool = True) -> None:
        super().__init__()
        if c <= 0:
            raise GaugeblockError(f"{c} is not above 0", where="c")
        self.c, self.standardise = c, standardise

    @property
    def settings(self) -> dict[str, JsonValue]:
        """Penalty and whether dimensions are standardised."""
        return {"c": self.c, "standardise": self.standardise}

    def _fit(self, x: Floats, y: Ints, groups: Ints) -> Mapping[str, Floats]:
        centre = x.mean(axis=0)
        scale = x.std(axis=0) if self.standardise else np.ones(x.shape[1])
        scale[scale == 0] = 1.0
        weight, bias = fit_logistic((x - centre) / scale, y, self.c)
        return linear_state(weight / scale, bias - float((weight / scale) @ centre))
