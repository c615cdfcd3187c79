"""Sufficient statistics of streamed activations: what mean-difference and LDA probes need."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaugeblock.errors import GaugeblockError


class Moments:
    """Count, means and covariances of every layer.

    Sums run in float64 around the first batch's mean, so that a stream whose mean dwarfs its
    spread (as residual streams have) loses no digits (Chan, Golub & LeVeque 1983).

    Args:
        second: whether second moments are kept, ``layers x width x width`` numbers.
    """

    def __init__(self, *, second: bool = True) -> None:
        self.count = 0
        self._second = second
        self._origin: Tensor | None = None
        self._sum: Tensor = torch.empty(0)
        self._gram: Tensor = torch.empty(0)

    def update(self, rows: NDArray[np.int64], values: Tensor) -> None:
        """Take one batch ``(batch, layers, width)``."""
        exact = values.double()
        if self._origin is None:
            self._origin = exact.mean(dim=0)
            self._sum = torch.zeros_like(self._origin)
            if self._second:
                layers, width = self._origin.shape
                self._gram = torch.zeros((layers, width, width), dtype=torch.float64).to(exact)
        centred = (exact - self._origin).transpose(0, 1)
        self.count += len(values)
        self._sum += centred.sum(dim=1)
        if self._second:
            self._gram.baddbmm_(centred.transpose(1, 2), centred)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean of every layer, ``(layers, width)``."""
        return self._array(self._read_origin() + self._sum / self.count)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of every layer, divided by ``count``, ``(layers, width, width)``."""
        return self.scatter / self.count

    @property
    def scatter(self) -> NDArray[np.float64]:
        """Sum of squared deviations from the mean, ``(layers, width, width)``.

        Raises:
            GaugeblockError: second moments were not kept, or nothing was streamed.
        """
        self._read_origin()
        if not self._second:
            raise GaugeblockError("second moments were not kept", remedy="Use second=True")
        shift = self._sum.unsqueeze(2) * self._sum.unsqueeze(1) / self.count
        return self._array(self._gram - shift)

    def _read_origin(self) -> Tensor:
        if self._origin is None:
            raise GaugeblockError("no activations were streamed yet")
        return self._origin

    @staticmethod
    def _array(values: Tensor) -> NDArray[np.float64]:
        return np.asarray(values.cpu().numpy(), dtype=np.float64)


class ClassMoments:
    """``Moments`` of each class, for probes that compare classes.

    Args:
        labels: the class of each text, in the order of the texts.
        second: as for ``Moments``.
    """

    def __init__(self, labels: Sequence[Hashable] | NDArray[np.generic], *, second: bool = True):
        self._labels = list(labels.tolist() if isinstance(labels, np.ndarray) else labels)
        self.classes = {label: Moments(second=second) for label in dict.fromkeys(self._labels)}

    def update(self, rows: NDArray[np.int64], values: Tensor) -> None:
        """Take one batch ``(batch, layers, width)`` of the texts at ``rows``.

        Raises:
            GaugeblockError: there are more texts than labels.
        """
        if int(rows.max()) >= len(self._labels):
            raise GaugeblockError(
                f"there are {len(self._labels)} labels but more texts", where=f"text {rows.max()}"
            )
        for label, moments in self.classes.items():
            places = [place for place, row in enumerate(rows) if self._labels[row] == label]
            if places:
                moments.update(rows[places], values[places])

    @property
    def counts(self) -> dict[Hashable, int]:
        """Number of texts of each class."""
        return {label: moments.count for label, moments in self.classes.items()}

    @property
    def means(self) -> dict[Hashable, NDArray[np.float64]]:
        """Mean of each class, ``(layers, width)``."""
        return {label: moments.mean for label, moments in self.classes.items()}

    @property
    def within(self) -> NDArray[np.float64]:
        """Pooled within-class covariance ``(layers, width, width)``, over ``n - classes``."""
        scatter = np.sum([moments.scatter for moments in self.classes.values()], axis=0)
        return np.asarray(scatter / (sum(self.counts.values()) - len(self.classes)))
