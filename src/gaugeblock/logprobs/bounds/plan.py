"""How many calls an interval of a given width needs: logprobs against sampling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from scipy.special import betaincinv

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.logprobs.bounds.box import NORMAL_95
from gaugeblock.logprobs.spec import ChannelSpec

_MOST_CALLS = 10_000_000
# A bf16 logit of 32 to 64, where the top logits of large models lie.
_TOP_LOGIT = 40.0


class Plan(Record):
    """What one way of judging needs.

    Attributes:
        method: ``logprobs`` (guaranteed or noise interval), ``logprobs_typical`` (95 % interval
            that takes rounding as random over paraphrases) or ``sampling`` (Clopper-Pearson).
        calls: least number of calls; None where no number reaches the width.
        width: width of the interval with that many calls, or the smallest this method reaches.
    """

    method: Literal["logprobs", "logprobs_typical", "sampling"]
    calls: int | None
    width: float


def spacing_of(spec: ChannelSpec, logit: float = _TOP_LOGIT) -> float:
    """Return the grid spacing at a top logit, nats; 0 without a grid.

    Args:
        spec: the channel.
        logit: absolute top logit.

    Raises:
        GaugeblockError: if the family is undecided.
    """
    if spec.family == "undecided":
        raise GaugeblockError("an undecided channel has no spacing", remedy="Plan with a candidate")
    if spec.family == "step" and spec.step is not None:
        return spec.step
    if spec.family in ("bf16", "fp16", "softcap"):
        held = 2.0 ** (math.floor(math.log2(abs(logit))) - spec.bits + 1)
        slope = 1 - math.tanh(logit / spec.cap) ** 2 if spec.cap else spec.scale
        return held * slope
    if spec.family == "float_logprob":
        return 2.0**-spec.bits
    return 0.0


def logprob_width(p: float, spacing: float) -> float:
    """Return the width of the guaranteed interval of a yes/no share p at a grid spacing."""
    odds = p / (1 - p)
    high, low = odds * math.exp(spacing), odds * math.exp(-spacing)
    return high / (1 + high) - low / (1 + low)


def sampling_width(p: float, calls: int) -> float:
    """Return the width of the 95 % Clopper-Pearson interval at the expected count."""
    hits = p * calls
    low = float(betaincinv(hits, calls - hits + 1, 0.025)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, calls - hits, 0.975)) if hits < calls else 1.0
    return float(high - low)


def sampling_calls(p: float, width: float) -> int | None:
    """Return the least number of samples whose interval is at most ``width`` wide."""
    high = 1
    while sampling_width(p, high) > width:
        high *= 2
        if high > _MOST_CALLS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if sampling_width(p, middle) <= width else (middle, high)
    return high


def plan(spec: ChannelSpec, p: float, width: float, *, logit: float = _TOP_LOGIT) -> list[Plan]:
    """Return what each way of judging needs for a yes/no share with an interval of some width.

    Identical repeats do not shrink a guaranteed interval, nor do paraphrases: the mean of boxes
    is as wide as the boxes. Paraphrases move the logits across the grid, so the typical error of
    their mean shrinks with their square root. Noise is averaged away by repeats.

    Args:
        spec: the channel.
        p: the share that is expected.
        width: full width of the interval.
        logit: absolute top logit, for float grids.

    Raises:
        GaugeblockError: if p or the width is not between 0 and 1.
    """
    if not (0 < p < 1 and 0 < width < 1):
        raise GaugeblockError("p and the width must lie between 0 and 1")
    samples = Plan(method="sampling", calls=sampling_calls(p, width), width=width)
    slope = p * (1 - p) * math.sqrt(2)
    if spec.family == "noise" and spec.sd is not None:
        one = 2 * NORMAL_95 * slope * spec.sd
        calls = max(1, math.ceil((one / width) ** 2))
        return [Plan(method="logprobs", calls=calls, width=one / math.sqrt(calls)), samples]
    step = spacing_of(spec, logit)
    fixed = logprob_width(p, step)
    reached = fixed <= width
    one = 2 * NORMAL_95 * slope * step / math.sqrt(12)
    calls = max(1, math.ceil((one / width) ** 2))
    return [
        Plan(method="logprobs", calls=1 if reached else None, width=fixed),
        Plan(method="logprobs_typical", calls=calls, width=one / math.sqrt(calls)),
        samples,
    ]


def plan_for(
    candidates: Sequence[ChannelSpec], p: float, width: float, *, logit: float = _TOP_LOGIT
) -> list[Plan]:
    """Return what each way needs whichever of the candidates is right: the worst of them.

    Args:
        candidates: channels that a card does not exclude, at least one.
        p: the share that is expected.
        width: full width of the interval.
        logit: absolute top logit, for float grids.

    Raises:
        GaugeblockError: see :func:`plan`; or there is no candidate.
    """
    if not candidates:
        raise GaugeblockError("the channel card names no channel to plan for")
    worst: dict[str, Plan] = {}
    for spec in candidates:
        for item in plan(spec, p, width, logit=logit):
            held = worst.setdefault(item.method, item)
            if _cost(item) > _cost(held):
                worst[item.method] = item
    return list(worst.values())


def _cost(item: Plan) -> tuple[float, float]:
    return math.inf if item.calls is None else item.calls, item.width
