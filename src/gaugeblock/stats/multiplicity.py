"""Adjusted p-values for several findings at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from gaugeblock.errors import GaugeblockError


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order given (family-wise error).

    Raises:
        GaugeblockError: a p-value outside [0, 1] or NaN.

    Source: Holm 1979, Scand. J. Stat. 6:65.
    """
    p = _check(p_values)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return Benjamini and Hochberg's adjusted p-values, in the order given (false discoveries).

    Raises:
        GaugeblockError: a p-value outside [0, 1] or NaN.

    Source: Benjamini and Hochberg 1995, JRSS-B 57:289, by scipy.
    """
    p = _check(p_values)
    if not len(p):
        return []
    return [float(value) for value in scipy.stats.false_discovery_control(p, method="bh")]


def _check(p_values: Sequence[float]) -> NDArray[np.float64]:
    for i, value in enumerate(p_values):
        if math.isnan(value) or not 0.0 <= value <= 1.0:
            raise GaugeblockError(
                f"{value!r} is not a p-value",
                where=f"p_values[{i}]",
                remedy="Pass numbers in [0, 1]",
            )
    return np.asarray(p_values, dtype=float)
