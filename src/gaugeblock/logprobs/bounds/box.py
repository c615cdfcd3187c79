"""From a channel and one answer to the box that the true weights lie in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.channel.grid.float_grid import fit_row
from gaugeblock.logprobs.channel.grid.warp import Warp
from gaugeblock.logprobs.channel.readings import Reading
from gaugeblock.logprobs.floats import Array, cell, spacing
from gaugeblock.logprobs.spec import ChannelSpec

# 97.5th percentile of the normal distribution.
NORMAL_95 = 1.959963984540054
# Logits of unlisted tokens are taken to be at most this in size; beyond it they weigh nothing.
_FARTHEST = 63.0


@dataclass(frozen=True)
class Box:
    """Where the true weights of the listed tokens lie, and what the unlisted may weigh.

    A weight is proportional to a probability; all share one unknown factor near 1.

    Attributes:
        log_weight: reported logprobs, shape (n,), nats.
        low: lowest true log weight, shape (n,), nats.
        high: highest true log weight, shape (n,), nats.
        sd: typical error of each log weight, shape (n,), nats.
        unseen_each: the most that one unlisted token can weigh.
        unseen_total: the most that all unlisted tokens together can weigh.
        guaranteed: False where the ends are those of a confidence region.
        calls: how many answers went in.
    """

    log_weight: Array
    low: Array
    high: Array
    sd: Array
    unseen_each: float
    unseen_total: float
    guaranteed: bool = True
    calls: int = 1


def _float_cells(spec: ChannelSpec, logprobs: Array, error: Array) -> tuple[Array, Array, float]:
    """Return low and high offsets of each log weight, over all top logits that fit."""
    warp = Warp(cap=spec.cap) if spec.family == "softcap" else Warp(scale=spec.scale)
    keys = tuple(bytes([i % 256, i // 256]) for i in range(logprobs.size))
    tops = fit_row(Reading("", keys, logprobs, error), spec.bits, warp).tops
    if spec.top_logit is not None:
        least, most = spec.top_logit
        tops = tops[(tops >= least) & (tops <= most)]
    if not tops.size:
        raise GaugeblockError(
            f"the answer does not lie on the {spec.family} grid of the channel card",
            remedy="The channel has changed or the card is another's: probe it again",
        )
    shown = warp.forward(tops)[:, None] - (logprobs[0] - logprobs)[None, :]
    held = warp.inverse(shown)
    gap = spacing(held, spec.bits)
    held = np.rint(held / gap) * gap
    bottom, top = cell(held, spec.bits)
    below = (warp.forward(bottom) - warp.forward(held)).min(axis=0)
    above = (warp.forward(top) - warp.forward(held)).max(axis=0)
    lowest = np.maximum(np.abs(held[:, -1]), _FARTHEST)
    unlisted = float((spacing(lowest, spec.bits) / 2).max()) * spec.scale
    return below, above, unlisted


def _offsets(spec: ChannelSpec, logprobs: Array, error: Array) -> tuple[Array, Array, float]:
    if spec.family == "step" and spec.step is not None:
        half = np.full(logprobs.shape, spec.step / 2)
        return -half, half, spec.step / 2
    if spec.family in ("bf16", "fp16", "softcap"):
        return _float_cells(spec, logprobs, error)
    if spec.family == "float_logprob":
        bottom, top = cell(logprobs, spec.bits)
        # A probability never exceeds one, whatever its logarithm was rounded to.
        return bottom - logprobs, np.minimum(top, 0.0) - logprobs, 0.0
    zero = np.zeros(logprobs.shape)
    return zero, zero, 0.0


def box_of(spec: ChannelSpec, logprobs: npt.ArrayLike) -> Box:
    """Return the box of true log weights behind one answer.

    Half a grid cell either way for each listed token (the cell of a float is found for every
    absolute top logit that fits the answer, and the union taken); an unlisted token weighs at
    most what the last listed one may, and all of them together at most the missing mass.

    Args:
        spec: what the channel does.
        logprobs: reported logprobs, shape (n,), nats, in descending order, sentinels removed.

    Raises:
        GaugeblockError: if the answer cannot have come from this channel, or the channel is one
            that bounds nothing (``noise``, ``undecided``).
    """
    values = np.asarray(logprobs, float)
    if spec.family in ("noise", "undecided"):
        raise GaugeblockError(
            f"a channel of family {spec.family} bounds nothing",
            remedy="Use statistical_box for noise; probe an undecided channel with more prompts",
        )
    if values.size == 0 or not np.all(np.isfinite(values)) or np.any(np.diff(values) > 0):
        raise GaugeblockError("logprobs must be finite, non-empty and in descending order")
    resolution = 0.5 * 10.0**-spec.decimals if spec.decimals is not None else 0.0
    error = 1e-6 + 0.75 * spacing(values, 24) + resolution
    below, above, unlisted = _offsets(spec, values, error)
    low, high = values + below - error, values + above + error
    rounded_logprobs = spec.family == "float_logprob" or spec.step_of == "logprob"
    listed = np.exp(low if rounded_logprobs else values - error).sum()
    missing = max(0.0, 1.0 - float(listed)) * float(np.exp(unlisted))
    each = float(np.exp(high[-1]))
    if spec.string_keyed:
        each = missing
    if spec.renormalised:
        missing = np.inf
    return Box(values, low, high, (high - low) / np.sqrt(12), each, missing)


def envelope_box(candidates: Sequence[ChannelSpec], logprobs: npt.ArrayLike) -> Box:
    """Return the smallest box that holds the boxes of all candidates that fit the answer.

    For a card that could not decide between families: the interval is guaranteed if any of them
    is right.

    Args:
        candidates: channels that the card does not exclude.
        logprobs: reported logprobs, shape (n,), descending.

    Raises:
        GaugeblockError: if no candidate fits.
    """
    boxes: list[Box] = []
    refusal: GaugeblockError | None = None
    for spec in candidates:
        try:
            boxes.append(box_of(spec, logprobs))
        except GaugeblockError as error:
            refusal = error
    if not boxes:
        raise refusal or GaugeblockError("the channel card names no candidate")
    low = np.min([box.low for box in boxes], axis=0)
    high = np.max([box.high for box in boxes], axis=0)
    return Box(
        boxes[0].log_weight,
        low,
        high,
        np.max([box.sd for box in boxes], axis=0),
        max(box.unseen_each for box in boxes),
        max(box.unseen_total for box in boxes),
    )


def statistical_box(spec: ChannelSpec, answers: Sequence[npt.ArrayLike]) -> Box:
    """Return the 95 % ends of each log weight under noise, from repeats of one prompt.

    Args:
        spec: a channel of family noise.
        answers: logprobs of the same tokens in the same order, one array of shape (n,) per
            repeat.

    Raises:
        GaugeblockError: if the channel is not noise or there is no answer.
    """
    if spec.family != "noise" or spec.sd is None:
        raise GaugeblockError(f"a channel of family {spec.family} has no noise to average")
    table = np.array([np.asarray(answer, float) for answer in answers])
    if table.ndim != 2 or not table.size:
        raise GaugeblockError("each repeat must give the same tokens, at least one")
    mean = table.mean(axis=0)
    sd = np.full(mean.shape, spec.sd / np.sqrt(len(table)))
    reach = NORMAL_95 * sd
    missing = max(0.0, 1.0 - float(np.exp(mean - reach).sum()))
    each = float(np.exp(mean.min() + reach[0]))
    return Box(mean, mean - reach, mean + reach, sd, each, missing, False, len(table))
