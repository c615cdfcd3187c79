"""What a design can show, before anything is spent."""

from __future__ import annotations

import math

from scipy import optimize, special

from gaugeblock.errors import GaugeblockError
from gaugeblock.stats.binomial import exact_limits
from gaugeblock.stats.validation import check_count, check_fraction, check_unit


def planned_effective_n(n: int, clusters: int, icc: float | None) -> float:
    """Return the independent trials that ``n`` trials in equal clusters are worth.

    Args:
        n: trials, at least 1.
        clusters: clusters they come from, from 1 to ``n``.
        icc: intraclass correlation in [0, 1]; None where it is not known, which counts as 1
            (each cluster is one trial).

    Raises:
        GaugeblockError: a count or correlation out of range.

    Source: Kish 1965, section 5.4.
    """
    trials, groups = check_count(n, "n"), check_count(clusters, "clusters")
    if not 1 <= groups <= trials:
        raise GaugeblockError(
            f"{groups} clusters for {trials} trials",
            where="clusters",
            remedy="There must be at least one trial, and from one to n clusters",
        )
    rho = 1.0 if icc is None else check_unit(icc, "icc")
    return trials / (1 + rho * (trials / groups - 1))


def upper_bound_if_zero(
    n: int, clusters: int, level: float = 0.95, icc: float | None = None
) -> float:
    """Return the one-sided upper bound of the rate that no hit in the whole design would give.

    With ``icc`` None it is the per-cluster bound, 1 - (1 - level)^(1 / clusters), which holds
    whatever the correlation; a smaller ``icc`` is an assumption that zero hits cannot check.

    Raises:
        GaugeblockError: a count, level or correlation out of range.

    Source: Clopper and Pearson 1934 at k = 0, on Kish's effective n.
    """
    worth = planned_effective_n(n, clusters, icc)
    return -math.expm1(math.log1p(-check_fraction(level, "level")) / worth)


def detectable_rate(
    n: int,
    clusters: int,
    level: float = 0.95,
    power: float = 0.8,
    icc: float | None = None,
    above: float = 0.0,
) -> float:
    """Return the smallest rate that the design would detect with probability ``power``.

    A rate is detected when the one-sided exact lower limit at ``level`` lies above ``above``.
    With ``above`` 0, the default, that is one hit, a witness.

    Args:
        n: transcripts planned.
        clusters: scenarios they come from.
        level: confidence of the lower limit.
        power: probability of detection wanted.
        icc: intraclass correlation; None counts as 1 (each scenario is one trial), which is the
            safe reading before data.
        above: the rate to be exceeded, such as that of a judge's false alarms.

    Returns:
        The rate, in (0, 1]; 1.0 where even a rate of 1 would not be shown to lie above ``above``
        (too few clusters).

    Raises:
        GaugeblockError: a number out of range.

    Source: exact binomial power on Kish's effective n, rounded down when ``above`` > 0.
    """
    worth = planned_effective_n(n, clusters, icc)
    level, wanted = check_fraction(level, "level"), check_fraction(power, "power")
    floor = check_unit(above, "above")
    if floor == 0.0:
        # Holds beyond the binomial: P(a cluster of s has a hit) >= s r / (1 + icc (s - 1)) to
        # first order in r, by Cauchy and Schwarz.
        return -math.expm1(math.log1p(-wanted) / worth)
    trials = int(worth)
    needed = next(
        (k for k in range(1, trials + 1) if exact_limits(k, trials, level, "lower")[0] > floor),
        None,
    )
    if needed is None:
        return 1.0

    def shortfall(rate: float) -> float:
        return float(special.betainc(needed, trials - needed + 1, rate)) - wanted

    return float(optimize.brentq(shortfall, 0.0, 1.0, xtol=1e-12))
