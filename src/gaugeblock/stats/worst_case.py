"""What unjudged transcripts can do to a rate (Manski 1990, AER 80:319): all are bad, or none."""

from __future__ import annotations

from collections.abc import Sequence

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.stats.binomial import exact_rate
from gaugeblock.stats.clustered import clustered_rate
from gaugeblock.stats.interval import Interval
from gaugeblock.stats.validation import check_hits


class WorstCase(Record):
    """A rate bounded from both sides over what was not judged.

    Attributes:
        none_bad: interval with every unjudged transcript counted as good.
        all_bad: interval with every unjudged transcript counted as bad.
        low: lower limit of ``none_bad``.
        high: upper limit of ``all_bad``.
        unjudged: attempted transcripts that were not judged.
    """

    none_bad: Interval
    all_bad: Interval
    low: float
    high: float
    unjudged: int


def worst_case_bounds(k: int, n_judged: int, n_attempted: int, level: float = 0.95) -> WorstCase:
    """Return exact intervals with the unjudged counted as good and as bad; independent trials.

    Args:
        k: bad ones among the judged.
        n_judged: transcripts judged.
        n_attempted: transcripts attempted.
        level: nominal coverage of each interval.

    Raises:
        GaugeblockError: k > n_judged, n_judged > n_attempted, or an impossible count.

    Source: Manski 1990, eq. (2), with Clopper-Pearson limits.
    """
    hits, judged = check_hits(k, n_judged, "k", "n_judged")
    _, attempted = check_hits(n_judged, n_attempted, "n_judged", "n_attempted")
    unjudged = attempted - judged
    return _bounds(
        exact_rate(hits, attempted, level), exact_rate(hits + unjudged, attempted, level), unjudged
    )


def clustered_worst_case_bounds(
    hits: Sequence[int], judged: Sequence[int], attempted: Sequence[int], level: float = 0.95
) -> WorstCase:
    """Return ``worst_case_bounds`` with ``clustered_rate`` intervals.

    Args:
        hits: bad ones among the judged, per cluster, shape (clusters,).
        judged: transcripts judged per cluster, same shape.
        attempted: transcripts attempted per cluster, same shape.
        level: nominal coverage of each interval.

    Raises:
        GaugeblockError: lengths differ or impossible counts.

    Source: Manski 1990, eq. (2); see ``clustered_rate`` for the limits.
    """
    if not len(hits) == len(judged) == len(attempted):
        raise GaugeblockError(
            f"{len(hits)} clusters of hits, {len(judged)} judged, {len(attempted)} attempted",
            where="hits",
            remedy="Pass one number of each for every cluster",
        )
    worst = []
    for i, (h, j, a) in enumerate(zip(hits, judged, attempted, strict=True)):
        k, n = check_hits(h, j, f"hits[{i}]", f"judged[{i}]")
        _, total = check_hits(j, a, f"judged[{i}]", f"attempted[{i}]")
        worst.append(k + total - n)
    return _bounds(
        clustered_rate(hits, attempted, level),
        clustered_rate(worst, attempted, level),
        sum(worst) - sum(hits),
    )


def _bounds(none_bad: Interval, all_bad: Interval, unjudged: int) -> WorstCase:
    return WorstCase(
        none_bad=none_bad,
        all_bad=all_bad,
        low=none_bad.low,
        high=all_bad.high,
        unjudged=unjudged,
    )
