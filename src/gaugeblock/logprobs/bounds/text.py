"""Log-probabilities of tokens and of texts, with the interval the channel allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds.box import NORMAL_95, Box
from gaugeblock.logprobs.bounds.value import BoundedValue


def token_logprob(box: Box, index: int | None) -> BoundedValue:
    """Return the logprob of one token of a position.

    With every other weight at the far end of its interval the token's odds are extreme, so the
    interval is exact for the box.

    Args:
        box: the position's weights, shape (n,), and its missing mass.
        index: place of the token in the list, or None if it was not listed: then only an upper
            end is known.
    """
    if index is None:
        bound = min(box.unseen_each, box.unseen_total)
        return BoundedValue(
            value=None,
            low=None,
            high=float(np.log(bound)) if bound > 0 else None,
            guaranteed=box.guaranteed,
            calls=box.calls,
        )
    if not 0 <= index < box.log_weight.size:
        raise GaugeblockError(f"the answer lists no token {index}")
    weight = np.exp(box.log_weight)
    mine, others = float(weight[index]), np.arange(weight.size) != index
    rest = max(0.0, 1.0 - float(weight.sum()))
    share = mine / (float(weight.sum()) + rest)
    errors = -weight * box.sd
    errors[index] += box.sd[index]
    sd = float(np.sqrt(errors @ errors))
    if not box.guaranteed:
        value = float(box.log_weight[index])
        reach = NORMAL_95 * float(box.sd[index])
        return BoundedValue(
            value=value,
            low=value - reach,
            high=min(value + reach, 0.0),
            sd=float(box.sd[index]),
            guaranteed=False,
            confidence=0.95,
            calls=box.calls,
        )
    own_low, own_high = np.exp(box.low[index]), np.exp(box.high[index])
    others_low = float(np.exp(box.low[others]).sum()) + rest * rest_floor(box)
    others_high = float(np.exp(box.high[others]).sum()) + box.unseen_total
    return BoundedValue(
        value=float(np.log(share)),
        low=float(np.log(own_low / (own_low + others_high))) if np.isfinite(others_high) else None,
        high=float(np.log(own_high / (own_high + others_low))),
        sd=sd,
        calls=box.calls,
    )


def rest_floor(box: Box) -> float:
    """Return the least factor between the true and the reported weight of the unlisted tokens."""
    rest = max(0.0, 1.0 - float(np.exp(box.log_weight).sum()))
    if not np.isfinite(box.unseen_total) or box.unseen_total <= 0:
        return 0.0
    return float(min(rest / box.unseen_total, 1.0))


def text_logprob(tokens: Sequence[BoundedValue]) -> BoundedValue:
    """Return the logprob of a text from those of its tokens.

    Guaranteed intervals add up end by end; confidence intervals add in quadrature, the tokens'
    errors being independent.

    Args:
        tokens: one value per token, in order.

    Raises:
        GaugeblockError: if there is no token.
    """
    if not tokens:
        raise GaugeblockError("a text without tokens has no logprob")
    values = [token.value for token in tokens]
    value = None if any(v is None for v in values) else float(sum(v for v in values if v))
    guaranteed = all(token.guaranteed for token in tokens)
    sds = [token.sd for token in tokens]
    sd = None if any(s is None for s in sds) else float(np.sqrt(sum(s * s for s in sds if s)))
    calls = sum(token.calls for token in tokens)
    if not guaranteed and value is not None and sd is not None:
        return BoundedValue(
            value=value,
            low=value - NORMAL_95 * sd,
            high=value + NORMAL_95 * sd,
            sd=sd,
            guaranteed=False,
            confidence=0.95,
            calls=calls,
        )
    lows, highs = [t.low for t in tokens], [t.high for t in tokens]
    low = None if any(x is None for x in lows) else float(sum(x for x in lows if x))
    high = None if any(x is None for x in highs) else float(sum(x for x in highs if x))
    return BoundedValue(
        value=value,
        low=low,
        high=high,
        sd=sd,
        guaranteed=guaranteed,
        confidence=None if guaranteed else 0.95,
        calls=calls,
    )
