"""Rates in the four corners, and how much of a change is due to text and how much to activations.

The Shapley value of text is its effect averaged over both orders in which text and activations can
be exchanged: half of (RR - PR) + (RP - PP). That is the difference of two pooled rates, so its
interval is that of a paired difference of rates over prompts, with no new statistics.
Source: Shapley 1953; the intervals: ``stats.paired_difference``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import special

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.metrics import auroc, auroc_interval, placements
from gaugeblock.frozen import Record
from gaugeblock.pressure.cells import CORNERS, Corner
from gaugeblock.stats import Interval, clustered_rate, paired_difference

RESAMPLES = 1000
Hits = NDArray[np.bool_]


class Split(Record):
    """A rate in the four corners and what changed it; effects are positive where it got worse.

    Attributes:
        what: "recall" (worse is lower) or "false alarms" (worse is higher).
        corners: corner to rate.
        loss: change from rr to pp.
        by_text: part of the loss due to the policy's text.
        by_activations: part due to its activations.
        interaction: loss that comes only of both together, an estimate; it is shared equally.
        text_share: ``by_text`` over ``loss`` with a bootstrap interval over prompts; None where
            the loss is not established, for there is nothing to share.
    """

    what: str
    corners: dict[Corner, Interval]
    loss: Interval
    by_text: Interval
    by_activations: Interval
    interaction: float
    text_share: Interval | None


class AurocSplit(Record):
    """AUROC in the four corners and the parts of its fall.

    Attributes:
        corners: corner to AUROC.
        by_text: part of the fall from rr to pp due to text.
        by_activations: part due to activations.
    """

    corners: dict[Corner, Interval]
    by_text: Interval
    by_activations: Interval


def grouped_rate(hits: Hits, groups: Ints, level: float) -> Interval:
    """Return a rate of rows clustered by prompt."""
    of_group, sizes = _tally(hits, groups)
    return clustered_rate(of_group.tolist(), sizes.tolist(), level)


def grouped_fall(before: Hits, after: Hits, groups: Ints, level: float) -> Interval:
    """Return rate before less rate after, paired by prompt."""
    a, sizes = _tally(before, groups)
    b, _ = _tally(after, groups)
    return paired_difference(a.tolist(), sizes.tolist(), b.tolist(), sizes.tolist(), level)


def split_rate(
    hits: Mapping[Corner, Hits], groups: Ints, *, what: str, level: float, seed: int
) -> Split:
    """Return the rate in the four corners and the order-independent parts of its change.

    Args:
        hits: corner to whether each row was a hit, shape (n,).
        groups: one code per row, shape (n,).
        what: "recall" or "false alarms".
        level: of all intervals.
        seed: of the bootstrap.
    """
    sign = 1 if what == "recall" else -1
    per = {corner: _tally(hits[corner], groups)[0] for corner in CORNERS}
    _, sizes = _tally(hits["rr"], groups)

    def part(better: tuple[Corner, Corner], worse: tuple[Corner, Corner]) -> Interval:
        a, b = (per[pair[0]] + per[pair[1]] for pair in (better, worse))
        if sign < 0:
            a, b = b, a
        double = (2 * sizes).tolist()
        return paired_difference(a.tolist(), double, b.tolist(), double, level)

    first, last = (hits["rr"], hits["pp"]) if sign > 0 else (hits["pp"], hits["rr"])
    loss = grouped_fall(first, last, groups, level)
    rates = {corner: float(hits[corner].mean()) for corner in CORNERS}
    share = None
    if loss.low > 0:
        share = _share(per, sizes, sign, level, seed)
    return Split(
        what=what,
        corners={corner: grouped_rate(hits[corner], groups, level) for corner in CORNERS},
        loss=loss,
        by_text=part(("rr", "rp"), ("pr", "pp")),
        by_activations=part(("rr", "pr"), ("rp", "pp")),
        interaction=sign * (rates["rp"] + rates["pr"] - rates["rr"] - rates["pp"]),
        text_share=share,
    )


def split_auroc(
    scores: Mapping[Corner, Floats], labels: Ints, groups: Ints, *, level: float
) -> AurocSplit:
    """Return the AUROC in the four corners and the parts of its change; arguments as above.

    The parts are linear in the four AUROCs, so their standard error is that of the placements'
    weighted sum over prompts. Source: DeLong et al. 1988, with the clustered variance of
    Obuchowski 1997, Biometrics 53:567.
    """
    _, codes = np.unique(groups, return_inverse=True)
    weight = np.where(labels == 1, 1 / labels.sum(), 1 / (1 - labels).sum())
    place = {corner: placements(scores[corner], labels) for corner in CORNERS}
    area = {corner: auroc(scores[corner], labels) for corner in CORNERS}
    z = float(special.ndtri(0.5 + level / 2))

    def part(better: tuple[Corner, Corner], worse: tuple[Corner, Corner]) -> Interval:
        def half(of: Mapping[Corner, Floats] | Mapping[Corner, float]) -> Floats:
            gain = np.add(of[better[0]], of[better[1]])
            return np.asarray(gain - np.add(of[worse[0]], of[worse[1]])) / 2

        estimate = float(half(area))
        pulls = np.bincount(codes, (half(place) - estimate) * weight)
        error = z * float(np.sqrt((pulls**2).sum()))
        return Interval(
            low=max(estimate - error, -1.0),
            high=min(estimate + error, 1.0),
            level=level,
            method="placements, clustered, normal",
            estimate=estimate,
            n=len(labels),
            clusters=int(codes.max()) + 1,
        )

    return AurocSplit(
        corners={
            corner: auroc_interval(scores[corner], labels, groups, level) for corner in CORNERS
        },
        by_text=part(("rr", "rp"), ("pr", "pp")),
        by_activations=part(("rr", "pr"), ("rp", "pp")),
    )


def _share(
    per: Mapping[Corner, Ints], sizes: Ints, sign: int, level: float, seed: int
) -> Interval | None:
    rng = np.random.default_rng(seed)
    count = len(sizes)
    rows = rng.integers(0, count, (RESAMPLES, count))
    total = sizes[rows].sum(axis=1)
    rate = {c: per[c][rows].sum(axis=1) / total for c in CORNERS}
    here = {c: per[c].sum() / sizes.sum() for c in CORNERS}
    loss = sign * (rate["rr"] - rate["pp"])
    text = sign * ((rate["rr"] - rate["pr"]) + (rate["rp"] - rate["pp"])) / 2
    at = (here["rr"] - here["pr"] + here["rp"] - here["pp"]) / 2 / (here["rr"] - here["pp"])
    kept = loss > 0
    return _percentiles(text[kept] / loss[kept], float(at), count, level)


def _percentiles(drawn: Floats, estimate: float, clusters: int, level: float) -> Interval:
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(
        low=float(min(low, estimate)),
        high=float(max(high, estimate)),
        level=level,
        method="bootstrap-percentile over prompts",
        estimate=estimate,
        clusters=clusters,
    )


def _tally(hits: Hits, groups: Ints) -> tuple[Ints, Ints]:
    _, codes = np.unique(groups, return_inverse=True)
    sizes = np.bincount(codes).astype(np.int64)
    return np.bincount(codes, weights=hits).astype(np.int64), sizes
