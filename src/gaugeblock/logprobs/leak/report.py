"""Everything that a channel gives away, measured on logits seen through it."""

from __future__ import annotations

import numpy as np

from gaugeblock.frozen import Record
from gaugeblock.logprobs.channel.readings import Reading, distinct, readings
from gaugeblock.logprobs.floats import Array
from gaugeblock.logprobs.leak.image import Image, SameModel, compare_image, image_of
from gaugeblock.logprobs.leak.offset import Offsets, offsets
from gaugeblock.logprobs.leak.spectrum import centred, spectrum, steepest
from gaugeblock.logprobs.rows import Row
from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.simulate.population import record
from gaugeblock.logprobs.spec import ChannelSpec

_ROWS = 64


class Leak(Record):
    """What a channel gives away.

    Attributes:
        source: the model.
        channel: what stood between it and us.
        outputs: how many prompts' full outputs were taken.
        vocabulary: tokens of each.
        hidden_size: width of the last layer, where a gap of singular values shows it.
        visible_rank: dimensions that stand out above the channel's errors, and so a lower bound
            of the hidden size.
        gap: ratio of the last visible singular value to the next.
        steepest: where the singular values drop most, the published estimate, right or not.
        error_sd: root mean square of what the channel put on the numbers, nats; for a soft cap
            that is mostly what it bent.
        offsets: absolute logits told by lists of ``channel.k`` tokens; None where nothing is.
        offset_error: largest error of those that are unique, nats; None without any.
        same_model: comparison with a stored image, where there is one.
    """

    source: str
    channel: ChannelSpec
    outputs: int
    vocabulary: int
    hidden_size: int | None
    visible_rank: int
    gap: float
    steepest: int
    error_sd: float
    offsets: Offsets | None
    offset_error: float | None
    same_model: SameModel | None = None


def through(channel: Channel, logits: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return held logits and full reported logprobs of every row, each of shape (n, V)."""
    held = np.stack([channel.hold(row, rng) for row in logits])
    return held, np.stack([channel.report(row, rng).unlisted for row in held])


def measure_leak(
    logits: Array,
    spec: ChannelSpec,
    source: str,
    *,
    against: Image | None = None,
    seed: int = 0,
) -> tuple[Leak, Image | None]:
    """Measure what a channel gives away of a model whose logits are at hand.

    Hidden size and image suppose that all tokens' numbers can be had through the channel, by
    asking for them, by logit bias or by long lists; offsets come from lists of ``spec.k``.

    Args:
        logits: the model's, shape (n, V), one row per prompt, nats.
        spec: the channel.
        source: name of the model.
        against: image of an earlier model to compare with.
        seed: of modes and noise.

    Returns:
        The measurements, and the image as seen through the channel where enough is visible.
    """
    channel, rng = Channel(spec, seed), np.random.default_rng(seed)
    held, reported = through(channel, logits, rng)
    errors = centred(reported) - centred(logits)
    sd = float(np.sqrt(np.mean(errors**2)))
    seen = spectrum(reported, errors)
    lists = [record(channel, row, rng, f"prompt {i}", 0) for i, row in enumerate(logits[:_ROWS])]
    told = offsets(distinct(readings(lists)), spec)
    leak = Leak(
        source=source,
        channel=spec,
        outputs=logits.shape[0],
        vocabulary=logits.shape[1],
        hidden_size=seen.hidden_size,
        visible_rank=seen.visible,
        gap=round(seen.gap, 4),
        steepest=steepest(seen.values),
        error_sd=sd,
        offsets=told,
        offset_error=_offset_error(lists, held, spec) if told and told.unique else None,
        same_model=compare_image(against, reported, sd) if against is not None else None,
    )
    room = logits.shape[0] - max(4, logits.shape[0] // 10)
    image = image_of(reported, seen.visible, source) if 0 < seen.visible <= room else None
    return leak, image


def _offset_error(lists: list[Row], held: Array, spec: ChannelSpec) -> float:
    """Return how far the unique top logits are from those that the server held, at most."""
    worst = 0.0
    for row, truth in zip(lists, held, strict=False):
        usable: list[Reading] = readings([row])
        told = offsets(usable, spec)
        if told is not None and told.unique and spec.modes == 1:
            worst = max(worst, abs(told.tops[0] - float(truth.max())))
    return worst
