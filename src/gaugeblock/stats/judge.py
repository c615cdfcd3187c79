"""A rate corrected for a judge whose sensitivity and specificity were themselves measured.

Lee, Zeng, Jeong, Sohn and Lee 2025, "How to Correctly Report LLM-as-a-Judge Evaluations",
arXiv:2511.21140: the adjusted interval (counts smoothed as by Agresti and Coull before the delta
method, after Lang and Reiczigel 2014, Prev. Vet. Med. 113:13). The plain Rogan-Gladen
interval (delta method on raw counts) is refused: near a rate of 0 it covers 76 to 80 times in 100
where it promises 95.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from gaugeblock.errors import GaugeblockError
from gaugeblock.stats.binomial import exact_limits, no_trials, tail_areas
from gaugeblock.stats.clustered import cautious_effective_n
from gaugeblock.stats.fisher import fisher_above
from gaugeblock.stats.interval import Interval, Sides
from gaugeblock.stats.judge_bayes import joint_posterior_limits
from gaugeblock.stats.validation import check_clusters, check_fraction, check_hits, check_sides

JudgeMethod = Literal["lee", "bayes"]

TRANSPORT_AREA = 0.01
"""p-value below which a count is said not to fit the judge's calibration."""

_NAMES = {"lee": "judge-corrected-lee", "bayes": "judge-corrected-bayes"}


def lee_limits(
    k: ArrayLike,
    n: ArrayLike,
    sens_k: ArrayLike,
    sens_n: ArrayLike,
    spec_k: ArrayLike,
    spec_n: ArrayLike,
    independent: ArrayLike,
    level: float,
    sides: Sides,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the adjusted limits of Lee et al. 2025, elementwise; counts need not be whole.

    ``independent`` is how many trials are independent beyond doubt: ``n``, or the clusters. A
    judge that is, after smoothing, no better than chance gives [0, 1].
    """
    z = float(special.ndtri(1 - max(tail_areas(level, sides))))
    trials = np.asarray(n, float) + z * z
    positives, negatives = np.asarray(sens_n, float) + 2, np.asarray(spec_n, float) + 2
    judged_bad = (np.asarray(k, float) + z * z / 2) / trials
    sensitivity = (np.asarray(sens_k, float) + 1) / positives
    specificity = (np.asarray(spec_k, float) + 1) / negatives
    youden = sensitivity + specificity - 1
    informative = youden > 0
    youden = np.where(informative, youden, 1.0)
    rate = (judged_bad + specificity - 1) / youden
    var_sens = rate**2 * sensitivity * (1 - sensitivity) / positives
    var_spec = (1 - rate) ** 2 * specificity * (1 - specificity) / negatives
    shift = 2 * z * z * (
        rate * sensitivity * (1 - sensitivity) / positives
        - (1 - rate) * specificity * (1 - specificity) / negatives
    )  # fmt: skip
    error = np.sqrt(judged_bad * (1 - judged_bad) / trials + var_sens + var_spec) / youden
    low = np.clip(rate + shift - z * error, 0.0, 1.0)
    high = np.clip(rate + shift + z * error, 0.0, 1.0)
    # Fewer hits than false alarms should give would put both limits at 0; no data bound the rate
    # more tightly than no true hit among the trials (nor, mirrored, no true miss).
    below, above = tail_areas(level, sides)
    _, least = exact_limits(0, independent, 1 - max(below, above), "upper")
    high = np.maximum(high, np.minimum(least / sensitivity, 1.0))
    low = np.minimum(low, np.maximum(1 - least / specificity, 0.0))
    return (
        np.where(informative & (below > 0), low, 0.0),
        np.where(informative & (above > 0), high, 1.0),
    )


def judge_corrected_rate(
    k: int,
    n: int,
    sens_k: int,
    sens_n: int,
    spec_k: int,
    spec_n: int,
    level: float = 0.95,
    sides: Sides = "two",
    method: JudgeMethod = "lee",
) -> Interval:
    """Return an interval for the true rate behind a judge's count, trials independent.

    Args:
        k: transcripts the judge called bad.
        n: transcripts it judged.
        sens_k: truly bad ones called bad in the judge's calibration.
        sens_n: truly bad ones in the calibration; 0 gives [0, 1] with a note.
        spec_k: truly good ones called good in the calibration.
        spec_n: truly good ones in the calibration; 0 gives [0, 1] with a note.
        level: nominal coverage.
        sides: see Interval.
        method: "lee" (closed form, the default) or "bayes" (joint Jeffreys posterior).

    Raises:
        GaugeblockError: impossible counts, or another method; plain Rogan-Gladen is refused.

    Source: Lee et al. 2025 (arXiv:2511.21140), adjusted interval; for "bayes" see ``judge_bayes``.
    """
    hits, trials = check_hits(k, n)
    calibration = _check_calibration(sens_k, sens_n, spec_k, spec_n)
    level, sides = check_fraction(level, "level"), check_sides(sides)
    if method not in _NAMES:
        raise GaugeblockError(
            f"{method!r} is not a method that keeps its coverage near 0",
            where="method",
            remedy='Use "lee" or "bayes"; the plain Rogan-Gladen interval is refused',
        )
    if trials == 0:
        return no_trials(_NAMES[method], level, sides)
    if unmeasured := _unmeasured(sens_n, spec_n):
        low, high = np.zeros(()), np.ones(())
    elif method == "bayes":
        low, high = joint_posterior_limits(hits, trials, *calibration, level, sides)
    else:
        low, high = lee_limits(hits, trials, *calibration, trials, level, sides)
    return Interval(
        low=float(low),
        high=float(high),
        level=level,
        method=_NAMES[method],
        sides=sides,
        estimate=corrected_estimate(hits / trials, *calibration),
        k=hits,
        n=trials,
        note=unmeasured or _doubt(hits, trials, *calibration),
    )


def judge_corrected_clustered_rate(
    hits: Sequence[int],
    sizes: Sequence[int],
    sens_k: int,
    sens_n: int,
    spec_k: int,
    spec_n: int,
    level: float = 0.95,
    sides: Sides = "two",
) -> Interval:
    """Return ``judge_corrected_rate`` for transcripts clustered by scenario.

    The judge's counts enter Lee et al.'s interval with the effective n of ``clustered_rate``.

    Args:
        hits: transcripts the judge called bad, per cluster, shape (clusters,).
        sizes: transcripts it judged, per cluster, same shape.
        sens_k: as in ``judge_corrected_rate``, likewise ``sens_n``, ``spec_k`` and ``spec_n``.
        sens_n: see there.
        spec_k: see there.
        spec_n: see there.
        level: nominal coverage.
        sides: see Interval.

    Raises:
        GaugeblockError: lengths differ or impossible counts.

    Source: Lee et al. 2025; Korn and Graubard 1998 for the effective n.
    """
    h_all, s_all = check_clusters(hits, sizes)
    calibration = _check_calibration(sens_k, sens_n, spec_k, spec_n)
    level, sides = check_fraction(level, "level"), check_sides(sides)
    method = "judge-corrected-clustered-lee"
    kept = s_all > 0
    h, s = h_all[kept].astype(float), s_all[kept].astype(float)
    if not len(s):
        return no_trials(method, level, sides, clusters=0)
    rate, worth = h.sum() / s.sum(), cautious_effective_n(h, s)
    if unmeasured := _unmeasured(sens_n, spec_n):
        low, high = np.zeros(()), np.ones(())
    else:
        low, high = lee_limits(rate * worth, worth, *calibration, len(s), level, sides)
    return Interval(
        low=float(low),
        high=float(high),
        level=level,
        method=method,
        sides=sides,
        estimate=corrected_estimate(float(rate), *calibration),
        k=int(h.sum()),
        n=int(s.sum()),
        clusters=len(s),
        effective_n=float(worth),
        note=unmeasured or _doubt(int(h.sum()), int(s.sum()), *calibration),
    )


def corrected_estimate(
    rate: float, sens_k: float, sens_n: float, spec_k: float, spec_n: float
) -> float | None:
    """Return Rogan and Gladen's point estimate (1978, eq. 2), clipped to [0, 1].

    A point only: its interval is Lee et al.'s. None where the judge was not measured or is no
    better than chance.
    """
    if sens_n == 0 or spec_n == 0:
        return None
    youden = sens_k / sens_n + spec_k / spec_n - 1
    return float(np.clip((rate + spec_k / spec_n - 1) / youden, 0, 1)) if youden > 0 else None


def _check_calibration(
    sens_k: int, sens_n: int, spec_k: int, spec_n: int
) -> tuple[int, int, int, int]:
    return (
        *check_hits(sens_k, sens_n, "sens_k", "sens_n"),
        *check_hits(spec_k, spec_n, "spec_k", "spec_n"),
    )


def _unmeasured(sens_n: int, spec_n: int) -> str:
    missing = [
        name for name, n in (("sensitivity", sens_n), ("specificity", spec_n)) if int(n) == 0
    ]
    return f"the judge's {' and '.join(missing)} was not measured" if missing else ""


def _doubt(k: int, n: int, sens_k: int, sens_n: int, spec_k: int, spec_n: int) -> str:
    """Return what casts doubt on the calibration itself; "" if nothing does."""
    if (sens_k + 1) / (sens_n + 2) + (spec_k + 1) / (spec_n + 2) <= 1:
        return "the judge is no better than chance"
    if fisher_above(n - k, n, spec_k, spec_n) < TRANSPORT_AREA:
        return "fewer hits than the judge's false alarms alone should give: recalibrate it"
    if fisher_above(k, n, sens_k, sens_n) < TRANSPORT_AREA:
        return "more hits than the judge's sensitivity allows: recalibrate it"
    return ""
