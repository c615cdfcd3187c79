"""What all probes share: checked input, calibration, a state of plain arrays that can be saved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from pydantic import JsonValue
from scipy import special

from gaugeblock.detectors.arrays import Floats, Ints, check_activations, check_groups, check_labels
from gaugeblock.detectors.contract import Unit
from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record


class Calibration(Record):
    """A threshold and what is known of its false positives.

    Attributes:
        threshold: scores above it count as the concept.
        target: the false positive rate that was asked for.
        n: benign scores it was set on.
        exceeded: how many of them lie above it.
        fpr_upper: 95% upper limit of the true false positive rate, whatever the distribution.
        reached: whether ``fpr_upper`` is at most ``target``, which takes many more than
            1 / ``target`` benign scores.
    """

    threshold: float
    target: float
    n: int
    exceeded: int
    fpr_upper: float
    reached: bool


def calibrate_scores(scores: ArrayLike, fpr: float = 0.01, level: float = 0.95) -> Calibration:
    """Return the threshold that at most a share ``fpr`` of the benign scores exceeds.

    The threshold is a benign score, the one of rank k + 1 from the top with k = floor(fpr n). The
    true rate above it then follows a Beta(k + 1, n - k) distribution (or lies below, with ties),
    which gives the upper limit.

    Args:
        scores: benign scores, shape (n,).
        fpr: wanted false positive rate, in (0, 1).
        level: of the upper limit.

    Raises:
        GaugeblockError: no scores, a score that is not finite, or ``fpr`` outside (0, 1).

    Source: order statistics of exchangeable scores, as in Wilks 1941, Ann. Math. Stat. 12:91.
    """
    s = np.sort(np.asarray(scores, dtype=np.float64))[::-1]
    if not len(s) or not np.isfinite(s).all():
        raise GaugeblockError("no benign scores, or some are not finite", where="benign")
    if not 0 < fpr < 1:
        raise GaugeblockError(f"{fpr} is not between 0 and 1", where="fpr")
    k = min(int(fpr * len(s) + 1e-9), len(s) - 1)
    upper = float(special.betaincinv(k + 1, len(s) - k, level))
    return Calibration(
        threshold=float(s[k]),
        target=fpr,
        n=len(s),
        exceeded=int((s > s[k]).sum()),
        fpr_upper=upper,
        reached=upper <= fpr,
    )


class Probe(ABC):
    """An instrument on activations of shape (n, d), one row per text.

    Subclasses keep what they learn in ``arrays`` alone, so that every probe is saved the same
    way, and everything that was chosen before fitting in ``settings``.

    Attributes:
        family: short name, also the CLI's.
        paper: where the method is from.
        unit: unit of the scores.
        ndim: dimensions of the activations it reads: 2 for (n, d).
        supervised: whether labels do more than choose the sign.
        arrays: what was fitted; empty before.
        calibration: the threshold, None before ``calibrate``.
    """

    family: ClassVar[str]
    paper: ClassVar[str]
    unit: ClassVar[Unit]
    ndim: ClassVar[int] = 2
    supervised: ClassVar[bool] = True

    def __init__(self) -> None:
        self.arrays: dict[str, Floats] = {}
        self.calibration: Calibration | None = None

    @property
    def settings(self) -> dict[str, JsonValue]:
        """What the constructor takes to build an equal, unfitted probe."""
        return {}

    def fresh(self) -> Self:
        """Return an unfitted probe with the same settings."""
        return type(self)(**self.settings)

    def fit(
        self, activations: ArrayLike, labels: ArrayLike, *, groups: ArrayLike | None = None
    ) -> Self:
        """Learn from labelled activations and return self.

        Args:
            activations: shape (n, d).
            labels: 0 or 1, shape (n,).
            groups: one key per row; rows of one group are twins (None: none are).

        Raises:
            GaugeblockError: wrong shapes, NaN, one class only, or too little to fit on.
        """
        x = check_activations(activations, ndim=self.ndim)
        y = check_labels(labels, len(x))
        g = check_groups(groups, len(x))
        self.calibration = None
        self.arrays = {name: np.asarray(a, float) for name, a in self._fit(x, y, g).items()}
        return self

    def score(self, activations: ArrayLike) -> Floats:
        """Return one score per row, higher meaning more of the concept.

        Raises:
            GaugeblockError: not fitted, wrong width, NaN, or a score that is not finite.
        """
        self._need_fit()
        x = check_activations(activations, ndim=self.ndim, width=self.width)
        scores = np.asarray(self._score(x), dtype=np.float64)
        if not np.isfinite(scores).all():
            raise GaugeblockError(
                f"{(~np.isfinite(scores)).sum()} of {len(scores)} scores are not finite",
                where=f"{self.family} probe",
                remedy="A probability of 0 or 1 has no finite log odds: score before the sigmoid",
            )
        return scores

    @property
    def direction(self) -> Floats | None:
        """The unit vector, shape (d,), along which the score rises; None if there is no one."""
        self._need_fit()
        weight = self.arrays.get("weight")
        if weight is None or weight.ndim != 1:
            return None
        length = float(np.linalg.norm(weight))
        return weight / length if length > 0 else None

    @property
    def width(self) -> int | None:
        """Length d of the activations it was fitted on."""
        weight = self.arrays.get("weight")
        return None if weight is None else int(weight.shape[-1])

    def calibrate(self, benign: ArrayLike, fpr: float = 0.01) -> Self:
        """Set the threshold on benign activations, shape (n, d), and return self.

        Raises:
            GaugeblockError: as ``score`` and ``calibrate_scores``.
        """
        self.calibration = calibrate_scores(self.score(benign), fpr)
        return self

    def restore(self, arrays: Mapping[str, Floats], calibration: Calibration | None) -> Self:
        """Take a saved state and return self."""
        self.arrays = {name: np.asarray(array, float) for name, array in arrays.items()}
        self.calibration = calibration
        return self

    def _need_fit(self) -> None:
        if not self.arrays:
            raise GaugeblockError(f"the {self.family} probe is not fitted", remedy="Call fit first")

    @abstractmethod
    def _fit(self, x: Floats, y: Ints, groups: Ints) -> Mapping[str, Floats]:
        """Return the fitted arrays; the input is checked."""

    @abstractmethod
    def _score(self, x: Floats) -> Floats:
        """Return the scores, shape (n,); the input is checked."""


class LinearProbe(Probe):
    """A probe whose score is ``activations @ weight + bias``."""

    def _score(self, x: Floats) -> Floats:
        return np.asarray(x @ self.arrays["weight"] + self.arrays["bias"], dtype=np.float64)


def linear_state(weight: Floats, bias: float) -> dict[str, Floats]:
    """Return the arrays of a linear probe.

    Raises:
        GaugeblockError: the weight is zero or not finite, which no score can be made of.
    """
    if not np.isfinite(weight).all() or not np.any(weight):
        raise GaugeblockError(
            "the fit gave no direction (the two classes' activations do not differ)",
            where="activations",
        )
    return {"weight": weight, "bias": np.array(bias)}
