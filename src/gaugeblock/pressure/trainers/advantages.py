"""Group-relative advantages of rewards that the detector has had its part in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gaugeblock.detectors.arrays import Floats

EPSILON = 1e-4
"""As in TRL, so that a pressure of weight zero changes nothing."""


def group_advantages(reward: Floats, groups: NDArray[np.int64]) -> Floats:
    """Return each sample's reward less its group's mean, over the group's standard deviation.

    Args:
        reward: shape (n,); NaN for a sample that is left out, which gets an advantage of zero and
            no part in the mean.
        groups: which prompt each is an answer to, shape (n,).

    Source: Shao et al. 2024, arXiv:2402.03300, section 4.1.2.
    """
    out = np.zeros(len(reward))
    for group in np.unique(groups):
        rows = np.flatnonzero((groups == group) & np.isfinite(reward))
        if len(rows) < 2:
            continue
        some = reward[rows]
        out[rows] = (some - some.mean()) / (some.std(ddof=1) + EPSILON)
    return out
