"""What remains of a judged rate if the judge is worse than its calibration says.

Planted positives usually flatter a judge's sensitivity; the sweep shows the interval for less.
"""

from __future__ import annotations

from collections.abc import Sequence

from gaugeblock.frozen import Record
from gaugeblock.stats.binomial import exact_limits
from gaugeblock.stats.interval import Interval
from gaugeblock.stats.judge import corrected_estimate, judge_corrected_rate, lee_limits
from gaugeblock.stats.validation import check_count, check_fraction, check_hits, check_unit


class SweepRow(Record):
    """One line of a sensitivity sweep.

    Attributes:
        factor: the judge's sensitivity is taken to be this share of the measured one.
        sensitivity: the sensitivity assumed, sens_k * factor / sens_n.
        interval: the corrected interval under that assumption.
    """

    factor: float
    sensitivity: float
    interval: Interval


def sensitivity_sweep(
    k: int,
    n: int,
    sens_k: int,
    sens_n: int,
    spec_k: int,
    spec_n: int,
    level: float = 0.95,
    factors: Sequence[float] = (1.0, 0.75, 0.5, 0.25),
) -> list[SweepRow]:
    """Return Lee et al.'s interval with the judge's sensitivity scaled by each factor.

    Args:
        k: as in ``judge_corrected_rate``, likewise the other counts.
        n: see there.
        sens_k: see there.
        sens_n: see there; must be at least 1.
        spec_k: see there.
        spec_n: see there; must be at least 1.
        level: nominal coverage.
        factors: shares of the measured sensitivity, each in [0, 1].

    Raises:
        GaugeblockError: impossible counts, a factor outside [0, 1].

    Source: Lee et al. 2025 (arXiv:2511.21140), at counterfactual calibration counts.
    """
    measured = judge_corrected_rate(k, n, sens_k, sens_n, spec_k, spec_n, level)
    rows = []
    for i, factor in enumerate(factors):
        share = check_unit(factor, f"factors[{i}]")
        caught = sens_k * share
        interval = measured
        if n and sens_n and spec_n:
            low, high = lee_limits(k, n, caught, sens_n, spec_k, spec_n, n, level, "two")
            interval = measured.model_copy(
                update={
                    "low": float(low),
                    "high": float(high),
                    "estimate": corrected_estimate(k / n, caught, sens_n, spec_k, spec_n),
                    "note": f"sensitivity taken as {share:g} of the measured one",
                }
            )
        rows.append(
            SweepRow(
                factor=share, sensitivity=caught / sens_n if sens_n else 0.0, interval=interval
            )
        )
    return rows


def zero_hit_bound(
    n: int, sens_k: int, sens_n: int, level: float = 0.95, clusters: int | None = None
) -> Interval:
    """Return the upper bound of a rate when an imperfect judge saw no hit at all.

    The exact upper limit of the judged rate over the exact lower limit of the sensitivity, each
    with half the error (Bonferroni), so that the bound covers at least ``level``. Even a judge
    right 50 times of 50 loosens it.

    Args:
        n: transcripts judged, none of them called bad.
        sens_k: truly bad transcripts called bad in the judge's calibration.
        sens_n: truly bad transcripts in the calibration.
        level: one-sided confidence.
        clusters: scenarios the transcripts come from, which then are the trials; None for
            independent transcripts.

    Raises:
        GaugeblockError: impossible counts, a level outside (0, 1).

    Source: product of two exact limits; Clopper and Pearson 1934.
    """
    trials = check_count(n, "n")
    groups = None if clusters is None else check_hits(clusters, trials, "clusters", "n")[0]
    caught, planted = check_hits(sens_k, sens_n, "sens_k", "sens_n")
    level = check_fraction(level, "level")
    half = (1 + level) / 2
    units = trials if groups is None else groups
    high = 1.0
    if units and caught:
        _, judged_high = exact_limits(0, units, half, "upper")
        sens_low, _ = exact_limits(caught, planted, half, "lower")
        high = min(1.0, float(judged_high / sens_low))
    return Interval(
        low=0.0,
        high=high,
        level=level,
        method="zero-hit-judge",
        sides="upper",
        estimate=0.0 if trials else None,
        k=0,
        n=trials,
        clusters=groups,
        note="" if units and caught else "no trials, or a judge never seen to catch anything",
    )
