"""Mass-mean probe: the difference between the two classes' mean activations."""

from __future__ import annotations

from collections.abc import Mapping

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.probe import LinearProbe, linear_state


class MassMean(LinearProbe):
    """Score = (x - midpoint) . (mean of positives - mean of negatives).

    Source: Marks and Tegmark 2023, arXiv:2310.06824, section 4.1.
    """

    family = "mass-mean"
    paper = "Marks and Tegmark 2023, arXiv:2310.06824"
    unit = "projection"

    def _fit(self, x: Floats, y: Ints, groups: Ints) -> Mapping[str, Floats]:
        high, low = x[y == 1].mean(axis=0), x[y == 0].mean(axis=0)
        weight = high - low
        return linear_state(weight, -float(weight @ (high + low)) / 2)
