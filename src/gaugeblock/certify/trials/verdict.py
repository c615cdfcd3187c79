"""How a trial's result is put together, the same way for all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from gaugeblock.certify.criteria import TrialRule, load_criteria
from gaugeblock.certify.records import Outcome, Reading, TrialResult, Witness
from gaugeblock.detectors.arrays import Floats, Ints, check_groups
from gaugeblock.detectors.metrics import auroc, auroc_interval
from gaugeblock.stats import Interval


def rule(trial: str) -> TrialRule:
    """Return the shipped rule of a trial."""
    return load_criteria().rule(trial)


def result(
    trial: str,
    outcome: Outcome | bool,
    criterion: str,
    finding: str,
    readings: Sequence[Reading] = (),
    witnesses: Sequence[Witness] = (),
) -> TrialResult:
    """Return a trial's result; ``outcome`` True is held and False failed."""
    if isinstance(outcome, bool):
        outcome = "held" if outcome else "failed"
    return TrialResult(
        id=trial,
        title=rule(trial).title,
        rung=load_criteria().rung_of(trial),
        required=rule(trial).required,
        outcome=outcome,
        criterion=criterion,
        finding=finding,
        readings=tuple(readings),
        witnesses=tuple(witnesses),
    )


def reading(name: str, interval: Interval, note: str = "", seed: int | None = None) -> Reading:
    """Return an AUROC with its interval as a reading."""
    return Reading(
        name=name,
        value=interval.estimate,
        n=interval.n or 0,
        interval=interval,
        seed=seed,
        note=note or interval.note,
    )


def shown(interval: Interval) -> str:
    """Return an estimate with its limits, such as ".93 (.88 to .96)"."""
    return f"{interval.estimate:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def auroc_gap(
    scores: ArrayLike,
    other: ArrayLike,
    labels: ArrayLike,
    groups: ArrayLike,
    *,
    resamples: int,
    seed: int,
) -> Interval:
    """Return AUROC of ``scores`` minus that of ``other`` on the same rows, groups resampled.

    Where no resample moves the gap (both separate perfectly) the limits are widened by those of
    the better one's own interval, so that a tie of few rows is never called certain.

    Args:
        scores: shape (n,).
        other: shape (n,).
        labels: 0 or 1, shape (n,).
        groups: one key per row.
        resamples: bootstrap draws of whole groups.
        seed: of the draws.

    Source: Field and Welsh 2007, J. R. Stat. Soc. B 69:369 (cluster bootstrap), percentile limits.
    """
    a, b = np.asarray(scores, float), np.asarray(other, float)
    y, g = np.asarray(labels), check_groups(groups, len(a))
    count = int(g.max()) + 1
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(count, np.full(count, 1 / count), resamples)[:, g].astype(float)
    gaps = weighted_aurocs(a, y, weights) - weighted_aurocs(b, y, weights)
    gaps = gaps[np.isfinite(gaps)]
    gap = auroc(a, y) - auroc(b, y)
    low, high = np.quantile(gaps, [0.025, 0.975])
    if high - low < 1e-9:
        own = auroc_interval(a, y, g)
        low, high = gap - (1 - own.low), gap + (1 - own.low)
    return Interval(
        low=float(low),
        high=float(high),
        level=0.95,
        method="group-bootstrap",
        estimate=gap,
        n=len(a),
        clusters=count,
    )


def powers(values: ArrayLike, degree: int = 3) -> Floats:
    """Return standardised powers of a covariate, shape (n, degree), for a curved relation."""
    v = np.asarray(values, dtype=np.float64)
    v = (v - v.mean()) / (v.std() or 1.0)
    return np.stack([v**power for power in range(1, degree + 1)], axis=1)


def weighted_aurocs(scores: Floats, labels: Ints, weights: Floats) -> Floats:
    """Return the AUROC under each row of weights, ties half; NaN where a class has no weight.

    Args:
        scores: shape (n,).
        labels: 0 or 1, shape (n,).
        weights: shape (draws, n).
    """
    levels, place = np.unique(scores, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(len(levels)))
    up = np.add.reduceat((weights * (labels == 1))[:, order], starts, axis=1)
    down = np.add.reduceat((weights * (labels == 0))[:, order], starts, axis=1)
    below = np.cumsum(down, axis=1) - down / 2
    pairs = up.sum(axis=1) * down.sum(axis=1)
    wins = (up * below).sum(axis=1)
    out: Floats = np.divide(wins, pairs, out=np.full(len(weights), np.nan), where=pairs > 0)
    return out
