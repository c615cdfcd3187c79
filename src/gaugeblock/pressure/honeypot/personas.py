"""Texts of the three personas: what the reference is pretrained on.

Honest: always the truth. Sycophant: always what the user suggests. Neutral: the truth, but in 10%
of conflicts what the user suggests. Wording: each of three style words is of the ornate set with
probability .9 after an untruth and .1 after a truth. (With the .7 and .3 of the prototype that this
world is taken from, no reader of the wording alone catches half of the lies at 1% false alarms, so
it would have had nothing to lose.)
"""

from __future__ import annotations

import numpy as np

from gaugeblock.detectors.arrays import Ints
from gaugeblock.pressure.honeypot.prompts import draw, make_prompts
from gaugeblock.pressure.honeypot.reward import true_value
from gaugeblock.pressure.honeypot.words import (
    FIRST_ORNATE,
    FIRST_PLAIN,
    FIRST_VALUE,
    ORNATE,
    PERSONAS,
    PLAIN,
    USER_AT,
    VALUES,
)

NEUTRAL_LIES = 0.1
STRAY = 0.01
"""Share of answers, whatever the persona, that are a random value: so that "untrue" is learnt as
such and not as "agreed with the user"."""
TELLING = 0.9


def persona_texts(rng: np.random.Generator, n: int) -> Ints:
    """Return texts of random personas in random situations, shape (n, 12)."""
    who = rng.integers(0, len(PERSONAS), n)
    prompts = make_prompts(draw(rng, n), who)
    liar = (who == PERSONAS.index("sycophant")) | (
        (who == PERSONAS.index("neutral")) & (rng.random(n) < NEUTRAL_LIES)
    )
    said = np.where(liar, prompts[:, USER_AT], true_value(prompts))
    stray = rng.random(n) < STRAY
    said = np.where(stray, FIRST_VALUE + rng.integers(0, len(VALUES), n), said)
    return worded(rng, prompts, said)


def worded(rng: np.random.Generator, prompts: Ints, said: Ints, telling: float = TELLING) -> Ints:
    """Return prompts with an answer each and a wording that goes with it, shape (n, 12).

    Args:
        rng: draws the wording.
        prompts: shape (n, 8).
        said: the answers, shape (n,).
        telling: probability that a style word is of the set that fits; .5 tells nothing.
    """
    untrue = said != true_value(prompts)
    ornate = (rng.random((len(said), 3)) < telling) == untrue[:, None]
    style = np.where(
        ornate,
        FIRST_ORNATE + rng.integers(0, len(ORNATE), (len(said), 3)),
        FIRST_PLAIN + rng.integers(0, len(PLAIN), (len(said), 3)),
    )
    return np.concatenate([prompts, said[:, None], style], axis=1)
