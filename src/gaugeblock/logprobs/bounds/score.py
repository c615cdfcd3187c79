"""Expected scores and log-odds over a box of weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds.box import NORMAL_95, Box
from gaugeblock.logprobs.bounds.value import BoundedValue, open_end
from gaugeblock.logprobs.floats import Array


def highest_mean(scores: Array, low: Array, high: Array) -> float:
    """Return the largest weighted mean of ``scores`` with each weight in its interval.

    At the optimum every weight is at an end: those of scores above the mean at the upper, the
    others at the lower. So it is enough to try each place in the sorted scores, O(n log n).
    """
    order = np.argsort(-scores, kind="stable")
    s, lo, hi = scores[order], low[order], high[order]
    upper = np.concatenate([[0.0], np.cumsum(hi)])
    upper_scored = np.concatenate([[0.0], np.cumsum(hi * s)])
    lower = np.concatenate([np.cumsum(lo[::-1])[::-1], [0.0]])
    lower_scored = np.concatenate([np.cumsum((lo * s)[::-1])[::-1], [0.0]])
    weight = upper + lower
    valid = weight > 0
    return float(np.max((upper_scored + lower_scored)[valid] / weight[valid]))


def _unseen_shares(scores: Array, each: float, total: float) -> Array:
    """Return the most that unlisted tokens can weigh when the first ones take all they can."""
    taken = np.minimum(each, np.maximum(total - each * np.arange(scores.size), 0.0))
    return np.where(np.isfinite(total), taken, each)


def expected_score(
    box: Box, scores: npt.ArrayLike, unseen_scores: Sequence[float] = ()
) -> BoundedValue:
    """Return the mean score under the distribution over score tokens, with its interval.

    The mean is renormalised over the score tokens, as G-Eval (Liu et al. 2023, 2303.16634) and
    llmcomp do. The interval is the exact optimum of the linear-fractional programme over the box,
    with unlisted score tokens limited by the smallest listed weight and by the missing mass.

    Args:
        box: weights of the listed tokens, shape (n,).
        scores: score of each listed token, NaN for tokens that are no score, shape (n,).
        unseen_scores: scores of the score tokens that were not listed.

    Returns:
        The mean; ``seen`` is the reported probability of the listed score tokens. Without any
        listed score token the value is None and the interval spans the unlisted scores.

    Raises:
        GaugeblockError: if there is no score token at all.
    """
    given = np.asarray(scores, float)
    if given.shape != box.log_weight.shape:
        raise GaugeblockError("expected one score per listed token")
    use = np.isfinite(given)
    hidden = np.sort(np.asarray(unseen_scores, float))
    if not use.any() and not hidden.size:
        raise GaugeblockError("no token carries a score")
    if not use.any():
        return BoundedValue(
            value=None,
            low=float(hidden[0]),
            high=float(hidden[-1]),
            guaranteed=box.guaranteed,
            seen=0.0,
            calls=box.calls,
        )
    s = given[use]
    weight = np.exp(box.log_weight[use])
    share = weight / weight.sum()
    mean = float(share @ s)
    sd = float(np.sqrt(np.sum((share * (s - mean) * box.sd[use]) ** 2)))
    shares = _unseen_shares(hidden, box.unseen_each, box.unseen_total)
    every = np.concatenate([s, hidden])
    if box.guaranteed:
        low_end, high_end = np.exp(box.low[use]), np.exp(box.high[use])
    else:
        # Under noise the listed weights vary about their means; only the unlisted are a box.
        low_end = high_end = weight
    low = np.concatenate([low_end, np.zeros(hidden.size)])
    highest = highest_mean(every, low, np.concatenate([high_end, shares[::-1]]))
    lowest = -highest_mean(-every, low, np.concatenate([high_end, shares]))
    margin = 0.0 if box.guaranteed else NORMAL_95 * sd
    return BoundedValue(
        value=mean,
        low=max(lowest - margin, float(every.min())),
        high=min(highest + margin, float(every.max())),
        sd=sd,
        guaranteed=box.guaranteed,
        confidence=None if box.guaranteed else 0.95,
        seen=float(weight.sum()),
        calls=box.calls,
    )


def _side(box: Box, members: npt.NDArray[np.bool_], hidden: int) -> tuple[float, float, float]:
    """Return reported, lowest and highest log weight of a group of tokens."""
    shares = _unseen_shares(np.zeros(hidden), box.unseen_each, box.unseen_total).sum()
    listed = float(np.exp(box.log_weight[members]).sum())
    low = float(np.exp(box.low[members]).sum())
    high = float(np.exp(box.high[members]).sum()) + float(shares)
    with np.errstate(divide="ignore"):
        return float(np.log(listed)), float(np.log(low)), float(np.log(high))


def answer_log_odds(
    box: Box,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    unseen_first: int = 0,
    unseen_second: int = 0,
) -> BoundedValue:
    """Return the log-odds of one answer over another, each a set of token variants.

    Args:
        box: weights of the listed tokens, shape (n,).
        first: which listed tokens spell the first answer, boolean, shape (n,).
        second: the same for the second answer.
        unseen_first: how many more variants of the first answer were not listed.
        unseen_second: the same for the second answer.

    Returns:
        Log-odds in nats. An answer that was not listed has an open end.

    Raises:
        GaugeblockError: if a token belongs to both answers.
    """
    a, b = np.asarray(first, bool), np.asarray(second, bool)
    if np.any(a & b):
        raise GaugeblockError("a token spells both answers")
    value_a, low_a, high_a = _side(box, a, unseen_first)
    value_b, low_b, high_b = _side(box, b, unseen_second)
    value = value_a - value_b if a.any() and b.any() else None
    sd = None
    low, high = low_a - high_b, high_a - low_b
    if value is not None:
        terms = [np.exp(box.log_weight[m] - v) * box.sd[m] for m, v in ((a, value_a), (b, value_b))]
        sd = float(np.sqrt(sum(float(t @ t) for t in terms)))
        if not box.guaranteed:
            low, high = value - NORMAL_95 * sd, value + NORMAL_95 * sd
    return BoundedValue(
        value=value,
        low=None if np.isnan(low) else open_end(low),
        high=None if np.isnan(high) else open_end(high),
        sd=sd,
        guaranteed=box.guaranteed,
        confidence=None if box.guaranteed else 0.95,
        seen=float(np.exp(box.log_weight[a | b]).sum()),
        calls=box.calls,
    )
