"""Random channels and the rows they report: the population that identification is scored on.

Logits of one prompt are Laplace around a location that varies between prompts of one model, so
that the joint probability of a row under every family has a closed form (see
:mod:`gaugeblock.logprobs.simulate.oracle`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gaugeblock.logprobs.rows import Row, TopEntry
from gaugeblock.logprobs.simulate.channel import Channel
from gaugeblock.logprobs.spec import FAMILIES, ChannelSpec, Family

LOCATION = (0.0, 30.0)
LOCATION_SPREAD = 2.0
SCALES = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
DYADIC_STEPS = tuple(2.0**-j for j in range(1, 8))
DECIMAL_STEPS = (0.1, 0.05, 0.02, 0.01)
FREE_STEPS = (0.01, 0.5)
CAPS = (15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 100.0)
FREE_CAPS = (15.0, 100.0)
NOISE = (0.003, 0.3)
# Shares of float grids under a multiplier from 1 to 2, and of noise on top of bf16 logits.
SCALED, NOISY_GRIDS = 0.1, 0.5
VOCABULARIES = (500, 4000, 32000)
LISTS = (5, 8, 20)
ROW_COUNTS = (3, 10, 30)


@dataclass(frozen=True)
class Drawn:
    """One simulated channel with its rows.

    Attributes:
        spec: the truth.
        rows: what the channel reported.
        vocabulary: number of tokens.
    """

    spec: ChannelSpec
    rows: tuple[Row, ...]
    vocabulary: int


def draw_spec(rng: np.random.Generator, family: Family, k: int = 20) -> ChannelSpec:
    """Draw the parameters of a channel of a family.

    Args:
        rng: source of randomness.
        family: any family but undecided.
        k: how many tokens the channel lists.
    """
    if family == "step":
        kind = rng.choice(3, p=[0.5, 0.3, 0.2])
        low, high = np.log(FREE_STEPS)
        step = (
            rng.choice(DYADIC_STEPS),
            rng.choice(DECIMAL_STEPS),
            np.exp(rng.uniform(low, high)),
        )[kind]
        return ChannelSpec(family=family, step=float(step), k=k)
    if family == "softcap":
        cap = rng.choice(CAPS) if rng.random() < 0.7 else rng.uniform(*FREE_CAPS)
        return ChannelSpec(family=family, cap=float(cap), precision=8, k=k)
    if family == "noise":
        low, high = np.log(NOISE)
        beneath: Literal[8] | None = 8 if rng.random() < NOISY_GRIDS else None
        sd = float(np.exp(rng.uniform(low, high)))
        return ChannelSpec(family=family, sd=sd, precision=beneath, k=k)
    if family in ("bf16", "fp16"):
        scale = 2 ** rng.random() if rng.random() < SCALED else 1.0
        return ChannelSpec(family=family, scale=float(scale), k=k)
    if family == "float_logprob":
        return ChannelSpec(family=family, precision=8 if rng.random() < 0.5 else 11, k=k)
    return ChannelSpec(family=family, k=k)


def layout(count: int) -> list[int]:
    """Return how often each prompt is asked so that ``count`` rows hold repeats: pairs, mostly."""
    return {3: [2, 1], 10: [2] * 5, 30: [3] * 10}.get(count) or [2] * (count // 2)


def record(
    channel: Channel, logits: np.ndarray, rng: np.random.Generator, prompt: str, repeat: int
) -> Row:
    """Return what the channel reports for one position as a recorded row at temperature 1."""
    reported = channel.apply(logits, rng)
    top = []
    for token, value in zip(reported.ids, reported.logprobs, strict=True):
        name = f"t{token}"
        text = str(np.float32(value)) if channel.spec.decimals is None else repr(float(value))
        top.append(TopEntry(name, name.encode(), float(text), text, True))
    return Row(prompt, repeat, 1.0, channel.spec.k, tuple(top))


def draw_rows(
    rng: np.random.Generator, channel: Channel, count: int, vocabulary: int
) -> tuple[Row, ...]:
    """Draw a model, ask it ``count`` times through the channel and record the answers."""
    location = rng.uniform(*LOCATION)
    rows: list[Row] = []
    for index, repeats in enumerate(layout(count)):
        centre = rng.normal(location, LOCATION_SPREAD)
        logits = centre + rng.laplace(0.0, rng.choice(SCALES), vocabulary)
        rows.extend(record(channel, logits, rng, f"prompt {index}", r) for r in range(repeats))
    return tuple(rows)


def draw(rng: np.random.Generator, family: Family | None = None) -> Drawn:
    """Draw a channel (of a random family unless one is given) and rows from it."""
    named = family if family is not None else FAMILIES[int(rng.integers(len(FAMILIES)))]
    spec = draw_spec(rng, named, k=int(rng.choice(LISTS)))
    vocabulary = int(rng.choice(VOCABULARIES))
    count = int(rng.choice(ROW_COUNTS))
    channel = Channel(spec, seed=int(rng.integers(2**31)))
    return Drawn(spec, draw_rows(rng, channel, count, vocabulary), vocabulary)
