"""Least-squares concept erasure (LEACE).

Belrose, Schneider-Joseph, Ravfogel, Cotterell, Raff & Biderman 2023, arXiv 2306.03819, theorem
4.3: with ``W = (Sigma_xx^(1/2))^+`` and ``P`` the orthogonal projection onto the columns of
``W Sigma_xz``, the map ``r(x) = x - W^+ P W (x - mean)`` leaves no linear classifier anything to
find and moves ``x`` the least, in mean square, of all affine maps that do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from gaugeblock.errors import GaugeblockError

SINGULAR_FLOOR = 0.01
"""Whitened correlations below this count as noise; the reference implementation's default."""


@dataclass(frozen=True, slots=True)
class Leace:
    """A fitted eraser ``x - left @ right @ (x - mean)``.

    Attributes:
        mean: ``(width,)``.
        left: ``W^+ U``, ``(width, rank)``, U an orthonormal basis of the columns of W Sigma_xz.
        right: ``U^T W``, ``(rank, width)``.
    """

    mean: NDArray[np.float64]
    left: NDArray[np.float64]
    right: NDArray[np.float64]

    @property
    def rank(self) -> int:
        """Number of dimensions erased."""
        return int(self.left.shape[1])

    def __call__(self, x: ArrayLike) -> NDArray[np.float64]:
        """Erase the concept from ``(…, width)``."""
        values = np.asarray(x, dtype=np.float64)
        return np.asarray(values - (values - self.mean) @ self.right.T @ self.left.T)

    @classmethod
    def fit(cls, x: ArrayLike, labels: ArrayLike) -> Leace:
        """Fit on activations ``(n, width)``.

        Args:
            x: activations of one layer.
            labels: a class per row, ``(n,)``, or numbers, ``(n, k)``.

        Raises:
            GaugeblockError: NaN, shapes that do not fit, or one class only.
        """
        values = np.asarray(x, dtype=np.float64)
        concept = _concept(np.asarray(labels))
        if values.ndim != 2 or len(values) != len(concept) or len(values) < 2:
            raise GaugeblockError(
                f"activations of shape {values.shape} and {len(concept)} labels do not fit",
                where="LEACE",
                remedy="Give activations (n, width) of one layer and n labels, n at least 2",
            )
        if not np.isfinite(values).all() or not np.isfinite(concept).all():
            raise GaugeblockError("NaN or infinite values", where="LEACE")
        mean = values.mean(axis=0)
        centred = values - mean
        covariance = centred.T @ centred / len(values)
        cross = centred.T @ (concept - concept.mean(axis=0)) / len(values)
        return cls.from_moments(mean, covariance, cross)

    @classmethod
    def from_moments(cls, mean: ArrayLike, covariance: ArrayLike, cross: ArrayLike) -> Leace:
        """Fit from streamed moments.

        Args:
            mean: mean activation ``(width,)``.
            covariance: ``Sigma_xx``, ``(width, width)``.
            cross: ``Sigma_xz``, covariance with each column of the concept, ``(width, k)``.
        """
        sigma = np.asarray(covariance, dtype=np.float64)
        values, vectors = linalg.eigh((sigma + sigma.T) / 2)
        # Directions without variance have no whitening; what is there cannot be decoded.
        kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
        roots, basis = np.sqrt(values[kept]), vectors[:, kept]
        whiten = (basis / roots) @ basis.T
        colour = (basis * roots) @ basis.T
        left, sizes, _ = linalg.svd(whiten @ np.asarray(cross, np.float64), full_matrices=False)
        span = left[:, sizes > SINGULAR_FLOOR]
        return cls(np.asarray(mean, np.float64), colour @ span, span.T @ whiten)


def _concept(labels: NDArray[Any]) -> NDArray[np.float64]:
    if labels.ndim == 2:
        return labels.astype(np.float64)
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise GaugeblockError("there is one class only, so nothing to erase", where="LEACE")
    return np.asarray(np.eye(len(classes))[codes.reshape(-1)])
