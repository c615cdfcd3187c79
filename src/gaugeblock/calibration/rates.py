"""A rate with its denominator, interval and what could not be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from gaugeblock.frozen import Record
from gaugeblock.stats import Interval, clustered_rate, clustered_worst_case_bounds

LEVEL = 0.95


class Rate(Record):
    """A rate over runs, clustered by scenario.

    Attributes:
        k: runs that show it.
        n: runs that could be read.
        unread: runs that could not; they enter the worst case and nothing else.
        interval: 95 % interval of k / n; None where nothing could be read.
        low: lower end of the worst case, every unread run counted as not showing it.
        high: upper end of the worst case, every unread run counted as showing it.
    """

    k: int
    n: int
    unread: int
    interval: Interval | None
    low: float
    high: float

    def text(self) -> str:
        """Return the rate in words."""
        unread = f", {self.unread} unread" if self.unread else ""
        if not self.n + self.unread:
            return "no such run"
        if self.interval is None:
            return f"0 of 0{unread}"
        ends = f"{100 * self.interval.low:.1f}–{100 * self.interval.high:.1f}%"
        return f"{self.k} of {self.n} ({ends}){unread}"


def rate(runs: Iterable[tuple[str, bool | None]]) -> Rate:
    """Return the rate of runs, each a cluster and whether it shows it (None: unread)."""
    hits: dict[str, int] = defaultdict(int)
    read: dict[str, int] = defaultdict(int)
    made: dict[str, int] = defaultdict(int)
    for cluster, shown in runs:
        made[cluster] += 1
        if shown is not None:
            read[cluster] += 1
            hits[cluster] += shown
    if not made:
        return Rate(k=0, n=0, unread=0, interval=None, low=0.0, high=1.0)
    clusters = sorted(made)
    judged = [cluster for cluster in clusters if read[cluster]]
    worst = clustered_worst_case_bounds(
        [hits[c] for c in clusters], [read[c] for c in clusters], [made[c] for c in clusters], LEVEL
    )
    interval = (
        clustered_rate([hits[c] for c in judged], [read[c] for c in judged], LEVEL)
        if judged
        else None
    )
    return Rate(
        k=sum(hits.values()),
        n=sum(read.values()),
        unread=worst.unjudged,
        interval=interval,
        low=worst.low,
        high=worst.high,
    )
