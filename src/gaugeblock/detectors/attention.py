"""Attention probe: one learned query weighs the tokens, one learned vector reads them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import JsonValue
from scipy import optimize, special

from gaugeblock.detectors.arrays import Floats, Ints, check_activations
from gaugeblock.detectors.probe import Probe
from gaugeblock.errors import GaugeblockError


def pad_tokens(sequences: list[Floats]) -> Floats:
    """Return token activations of unequal length as one array, shape (n, longest, d).

    Missing tokens are rows of NaN, the only NaN the attention probe takes.
    """
    longest = max(len(tokens) for tokens in sequences)
    out = np.full((len(sequences), longest, sequences[0].shape[1]), np.nan)
    for row, tokens in enumerate(sequences):
        out[row, : len(tokens)] = tokens
    return out


class Attention(Probe):
    """Score = sum over tokens of softmax(h . query) times (h . value), plus a bias.

    Reads token activations, shape (n, tokens, d), see ``pad_tokens``. It starts from a query of
    zero, which is the logistic probe on the mean token.

    Args:
        c: inverse strength of the L2 penalty on query and value, per row.

    Source: McKenzie et al. 2025, arXiv:2506.10805, section 3 (their attention probe).
    """

    family = "attention"
    paper = "McKenzie et al. 2025, arXiv:2506.10805"
    unit = "logit"
    ndim = 3

    def __init__(self, c: float = 1.0) -> None:
        super().__init__()
        self.c = c

    @property
    def settings(self) -> dict[str, JsonValue]:
        """The penalty."""
        return {"c": self.c}

    def fit(
        self, activations: ArrayLike, labels: ArrayLike, *, groups: ArrayLike | None = None
    ) -> Attention:
        """See ``Probe.fit``; activations have shape (n, tokens, d)."""
        return super().fit(self._filled(activations), labels, groups=groups)

    def score(self, activations: ArrayLike) -> Floats:
        """See ``Probe.score``; activations have shape (n, tokens, d)."""
        return super().score(self._filled(activations))

    @property
    def direction(self) -> Floats | None:
        """The value vector, scaled to length 1: what a token adds once it is looked at."""
        self._need_fit()
        value = self.arrays["weight"][1]
        return np.asarray(value / np.linalg.norm(value), dtype=np.float64)

    def _filled(self, activations: ArrayLike) -> Floats:
        # A last column of 1 (token) or 0 (padding) carries the mask through the shared checks.
        x = np.asarray(activations, dtype=np.float64)
        if x.ndim != 3:
            raise GaugeblockError(
                f"shape {x.shape} where (n, tokens, d) is read", where="activations"
            )
        padding: NDArray[np.bool_] = np.asarray(np.isnan(x).all(axis=2))
        if padding.all(axis=1).any():
            raise GaugeblockError("a row without tokens", where="activations")
        filled = np.where(padding[:, :, None], 0.0, x)
        return check_activations(
            np.concatenate([filled, (~padding)[:, :, None].astype(float)], axis=2), ndim=3
        )

    @property
    def width(self) -> int | None:
        """Length d of the token activations, plus the mask's column."""
        weight = self.arrays.get("weight")
        return None if weight is None else int(weight.shape[-1]) + 1

    def _fit(self, x: Floats, y: Ints, groups: Ints) -> Mapping[str, Floats]:
        tokens, mask = x[:, :, :-1], x[:, :, -1] > 0
        centre = tokens[mask].mean(axis=0)
        scale = float(tokens[mask].std()) or 1.0
        h = np.where(mask[:, :, None], (tokens - centre) / scale, 0.0)
        n, _, d = h.shape
        sign = 2.0 * y - 1

        def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            query, value, bias = theta[:d], theta[d:-1], theta[-1]
            weights, reads = _weights(h @ query, mask), h @ value
            out = (weights * reads).sum(axis=1)
            margin = sign * (out + bias)
            pull = -sign * special.expit(-margin) / n
            by_logit = pull[:, None] * weights * (reads - out[:, None])
            slope = np.empty(2 * d + 1)
            slope[:d] = np.einsum("nt,ntd->d", by_logit, h) + query / (self.c * n)
            slope[d:-1] = np.einsum("nt,ntd->d", pull[:, None] * weights, h) + value / (self.c * n)
            slope[-1] = pull.sum()
            cost = float(np.logaddexp(0, -margin).mean())
            return cost + float(theta[:-1] @ theta[:-1]) / (2 * self.c * n), slope

        found = optimize.minimize(
            loss, np.zeros(2 * d + 1), jac=True, method="L-BFGS-B", options={"maxiter": 500}
        )
        query, value = found.x[:d] / scale, found.x[d:-1] / scale
        return {
            "weight": np.stack([query, value]),
            "bias": np.array(found.x[-1] - float(value @ centre)),
        }

    def _score(self, x: Floats) -> Floats:
        tokens, mask = x[:, :, :-1], x[:, :, -1] > 0
        query, value = self.arrays["weight"]
        weights = _weights(tokens @ query, mask)
        return np.asarray((weights * (tokens @ value)).sum(axis=1) + self.arrays["bias"])


def _weights(logits: Floats, mask: NDArray[np.bool_]) -> Floats:
    return np.asarray(special.softmax(np.where(mask, logits, -np.inf), axis=1))
