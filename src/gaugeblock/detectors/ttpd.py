"""Training of truth and polarity directions: a truth probe that negation does not turn round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from gaugeblock.detectors.arrays import Floats, Ints, check_activations, check_labels
from gaugeblock.detectors.logistic import fit_logistic
from gaugeblock.detectors.probe import LinearProbe, linear_state
from gaugeblock.errors import GaugeblockError


class TTPD(LinearProbe):
    """Splits activations into a general truth, a polarity-sensitive truth and a polarity direction.

    Fits ``x - mean of its topic = truth * t_G + truth * polarity * t_P`` by least squares, with
    truth and polarity in {-1, 1}; then a logistic regression on the two coordinates x . t_G and
    x . p, where p separates affirmative from negated statements. ``groups`` name the topics.

    Source: Buerger, Hamprecht and Nadler 2024, arXiv:2407.12831, eq. (4), (5) and section 5.
    """

    family = "ttpd"
    paper = "Buerger et al. 2024, arXiv:2407.12831"
    unit = "logit"

    def __init__(self) -> None:
        super().__init__()
        self._polarity: Ints | None = None

    def fit(
        self,
        activations: ArrayLike,
        labels: ArrayLike,
        *,
        groups: ArrayLike | None = None,
        polarity: ArrayLike | None = None,
    ) -> Self:
        """Learn from affirmative and negated statements and return self.

        Args:
            activations: shape (n, d).
            labels: 1 for true, shape (n,).
            groups: topic of each row; None takes all rows as one topic.
            polarity: 1 for affirmative, 0 for negated, shape (n,).

        Raises:
            GaugeblockError: polarity missing or of one kind, and as ``Probe.fit``.
        """
        x = check_activations(activations)
        if polarity is None:
            raise GaugeblockError(
                "TTPD needs the polarity of every row",
                where="polarity",
                remedy="Give 1 for affirmative and 0 for negated statements",
            )
        try:
            self._polarity = check_labels(polarity, len(x))
        except GaugeblockError as error:
            raise GaugeblockError(error.problem, where="polarity", remedy=error.remedy) from error
        topics = np.zeros(len(x), dtype=np.int64) if groups is None else groups
        return super().fit(x, labels, groups=topics)

    def _fit(self, x: Floats, y: Ints, groups: Ints) -> Mapping[str, Floats]:
        assert self._polarity is not None
        counts = np.bincount(groups)[:, None]
        means = np.zeros((len(counts), x.shape[1]))
        np.add.at(means, groups, x)
        centred = x - (means / counts)[groups]
        truth, sign = 2.0 * y - 1, 2.0 * self._polarity - 1
        design = np.stack([truth, truth * sign], axis=1)
        general = np.linalg.lstsq(design, centred, rcond=None)[0][0]
        scale = x.std(axis=0)
        scale[scale == 0] = 1.0
        polarity, _ = fit_logistic((x - x.mean(axis=0)) / scale, self._polarity, 0.01)
        plane = np.stack([general, polarity / scale], axis=1)
        plane /= np.linalg.norm(plane, axis=0)
        flat = x @ plane
        spread = flat.std(axis=0)
        weights, bias = fit_logistic((flat - flat.mean(axis=0)) / spread, y, 1.0)
        weight = plane @ (weights / spread)
        return linear_state(weight, bias - float(flat.mean(axis=0) @ (weights / spread)))
