"""Joint posterior of a rate and of the judge's sensitivity and specificity.

Jeffreys' priors on all three; the likelihood is Bin(k; n, r se + (1 - r)(1 - sp)) times the two
binomials of the calibration (Joseph, Gyorkos and Coupal 1995, Am. J. Epidemiol. 141:263, with a
validation sample). Integrated by quadrature, so that the same counts always give the same limits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from gaugeblock.stats.binomial import tail_areas
from gaugeblock.stats.fisher import fisher_above
from gaugeblock.stats.interval import Sides

_NODES = 32
_CELLS = 256


def joint_posterior_limits(
    k: int,
    n: int,
    sens_k: int,
    sens_n: int,
    spec_k: int,
    spec_n: int,
    level: float,
    sides: Sides,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return equal-tailed posterior limits of the rate, as arrays of shape ().

    The lower limit is 0 where false positives alone explain the hits, and the upper 1 where false
    negatives alone explain the misses (one-sided Fisher tests at the same tail area); otherwise
    an equal-tailed interval could never contain a rate of 0 or 1.
    """
    below, above = tail_areas(level, sides)
    u, weight = np.polynomial.legendre.leggauss(_NODES)
    u, weight = (u + 1) / 2, weight / 2
    sens = special.betaincinv(sens_k + 0.5, sens_n - sens_k + 0.5, u)
    false_pos = special.betaincinv(spec_n - spec_k + 0.5, spec_k + 0.5, u)
    # In angle a, rate sin(a)^2, Jeffreys' prior is flat; the second pass looks only where the
    # first found mass.
    edges = np.linspace(0.0, np.pi / 2, _CELLS + 1)
    for _ in range(2):
        rate = np.sin((edges[1:] + edges[:-1]) / 2) ** 2
        bad = rate[:, None, None] * sens[:, None] + (1 - rate[:, None, None]) * false_pos
        log_like = special.xlogy(k, bad) + special.xlog1py(n - k, -bad)
        mass = np.einsum("rsf,s,f->r", np.exp(log_like - log_like.max()), weight, weight)
        cumulated = np.concatenate([[0.0], np.cumsum(mass)]) / mass.sum()
        limits = np.sin(np.interp([below, 1 - above], cumulated, edges)) ** 2
        held = np.flatnonzero(mass > mass.max() * 1e-10)
        edges = np.linspace(edges[held[0]], edges[held[-1] + 1], _CELLS + 1)
    false_alarms_do = fisher_above(k, n, spec_n - spec_k, spec_n) > below
    misses_do = fisher_above(n - k, n, sens_n - sens_k, sens_n) > above
    low = 0.0 if below == 0 or false_alarms_do else float(limits[0])
    high = 1.0 if above == 0 or misses_do else float(limits[1])
    return np.asarray(low), np.asarray(high)
