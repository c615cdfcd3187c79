"""How well a score separates two classes: AUROC by group, and adjusted for a nuisance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special, stats

from gaugeblock.detectors.arrays import Floats, Ints, check_groups, check_labels
from gaugeblock.stats import Interval

METHOD = "auroc-newcombe5-clustered"


def auroc(scores: ArrayLike, labels: ArrayLike) -> float:
    """Return the probability that a random positive scores above a random negative, ties half.

    Args:
        scores: shape (n,).
        labels: 0 or 1, shape (n,), both present.

    Raises:
        GaugeblockError: labels of one class only.
    """
    s = np.asarray(scores, dtype=np.float64)
    y = check_labels(labels, len(s))
    ranks = stats.rankdata(s)
    n1 = int(y.sum())
    n0 = len(y) - n1
    return float((ranks[y == 1].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def placements(scores: Floats, labels: Ints) -> Floats:
    """Return each row's placement: the share of the other class it is on the right side of.

    Source: DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837.
    """
    out = np.empty(len(scores))
    for side in (0, 1):
        mine, other = scores[labels == side], np.sort(scores[labels != side])
        below = np.searchsorted(other, mine, "left") + np.searchsorted(other, mine, "right")
        share = below / (2 * len(other))
        out[labels == side] = share if side else 1 - share
    return out


def auroc_interval(
    scores: ArrayLike, labels: ArrayLike, groups: ArrayLike | None = None, level: float = 0.95
) -> Interval:
    """Return the AUROC with an interval for rows that share groups.

    The limits are the values of AUROC whose own standard error would make the estimate just
    surprising, so a perfect separation of few items has a lower limit well below 1. Rows that
    share a group count for less: the numbers of positives and negatives are divided by the ratio
    of the clustered to the plain variance (never below 1; the mean group size where the estimate
    has no variance).

    Args:
        scores: shape (n,).
        labels: 0 or 1, shape (n,).
        groups: one key per row; None where rows are independent.
        level: nominal coverage.

    Raises:
        GaugeblockError: labels of one class only, or lengths that differ.

    Source: Newcombe 2006, Statist. Med. 25:559, method 5, for the limits; Obuchowski 1997,
    Biometrics 53:567, for the clustered variance; Hanley and McNeil 1982 for the variance.
    """
    s = np.asarray(scores, dtype=np.float64)
    y = check_labels(labels, len(s))
    g = check_groups(groups, len(s))
    area = auroc(s, y)
    n1, n0 = int(y.sum()), int((1 - y).sum())
    clusters = int(g.max()) + 1
    effect = _design_effect(s, y, g, area) if clusters < len(s) else 1.0
    m1, m0 = max(n1 / effect, 1.0), max(n0 / effect, 1.0)
    z = float(special.ndtri(0.5 + level / 2))
    return Interval(
        low=_limit(area, m1, m0, z, lower=True),
        high=_limit(area, m1, m0, z, lower=False),
        level=level,
        method=METHOD,
        estimate=area,
        n=len(s),
        clusters=clusters,
        effective_n=m1 + m0,
    )


def adjusted_auroc(
    scores: ArrayLike,
    labels: ArrayLike,
    nuisance: ArrayLike,
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> Interval | None:
    """Return the AUROC of scores from which a nuisance is taken out, or None if that cannot be.

    What a detector still tells at equal length, word or topic. Scores are regressed on label and
    nuisance together, and only the nuisance's part is taken off; a detector that reads nothing
    but the nuisance is left at .5, one that does not read it keeps its AUROC.

    Args:
        scores: shape (n,).
        labels: 0 or 1, shape (n,).
        nuisance: covariates, shape (n,) or (n, k); give powers of them for curved relations.
        groups: one key per row, see ``auroc_interval``.
        level: nominal coverage.

    Returns:
        None where the nuisance all but determines the label (variance inflation above 50).

    Raises:
        GaugeblockError: labels of one class only, or lengths that differ.

    Source: analysis of covariance, Fisher 1932; variance inflation, Marquardt 1970.
    """
    s = np.asarray(scores, dtype=np.float64)
    y = check_labels(labels, len(s)).astype(float)
    z = np.asarray(nuisance, dtype=np.float64).reshape(len(s), -1)
    z = z - z.mean(axis=0)
    spread = z.std(axis=0)
    z = z[:, spread > 1e-12] / spread[spread > 1e-12]
    if not z.shape[1]:
        return auroc_interval(s, labels, groups, level)
    off = (y - y.mean()) - z @ np.linalg.lstsq(z, y - y.mean(), rcond=None)[0]
    if off.var() < y.var() / 50:
        return None
    design = np.column_stack([np.ones(len(s)), y, z])
    weights = np.linalg.lstsq(design, s, rcond=None)[0]
    kept = auroc_interval(s - z @ weights[2:], labels, groups, level)
    return kept.model_copy(update={"method": METHOD + "-adjusted"})


def _design_effect(scores: Floats, labels: Ints, groups: Ints, area: float) -> float:
    place = placements(scores, labels) - area
    weight = np.where(labels == 1, 1 / labels.sum(), 1 / (1 - labels).sum())
    parts = place * weight
    plain = float((parts**2).sum())
    size = len(scores) / (groups.max() + 1)
    if plain < 1e-12:
        return float(size)
    clustered = float((np.bincount(groups, parts) ** 2).sum())
    return max(1.0, clustered / plain)


def _variance(area: float, m1: float, m0: float) -> float:
    # Newcombe's method 5 takes the mean of the class sizes in both places of the formula.
    n = (m1 + m0) / 2 - 1
    return area * (1 - area) * (1 + n * (1 - area) / (2 - area) + n * area / (1 + area)) / (m1 * m0)


def _limit(area: float, m1: float, m0: float, z: float, *, lower: bool) -> float:
    edge = 0.0 if lower else 1.0
    if area == edge:
        return edge

    def gap(value: float) -> float:
        return abs(area - value) - z * float(np.sqrt(_variance(value, m1, m0)))

    # At the estimate itself the gap is not positive; at the edge the variance is 0.
    inner = min(max(area, 1e-12), 1 - 1e-12)
    return float(optimize.brentq(gap, edge, inner)) if gap(inner) < 0 else area
