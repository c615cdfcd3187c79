"""The world as a training meets it: samples with their reward, and what only the world knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.pressure.honeypot.base import prediction_loss
from gaugeblock.pressure.honeypot.detector import Detector
from gaugeblock.pressure.honeypot.instruments import Bench
from gaugeblock.pressure.honeypot.labels import LIED, NEITHER, true_report, what_was_done
from gaugeblock.pressure.honeypot.network import noise, written
from gaugeblock.pressure.honeypot.personas import persona_texts
from gaugeblock.pressure.honeypot.places import as_ids
from gaugeblock.pressure.honeypot.prompts import draw, make_prompts
from gaugeblock.pressure.honeypot.reward import task_reward, true_value
from gaugeblock.pressure.honeypot.words import KEY, USER_AT
from gaugeblock.seeds import derive_seed

SITUATIONS = 32
GROUP = 8
"""Samples of each situation."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What a policy wrote; nothing in it says what is true.

    Attributes:
        texts: token ids, shape (n, 12); samples of one situation follow each other.
        keys: what it wrote after KEY, shape (n,); None in the plain task.
        reward: of the task, shape (n,).
    """

    texts: Ints
    keys: Ints | None
    reward: Floats


class World:
    """One world for one training.

    Args:
        bench: fits detectors again, with labels, where the pressure asks for it.
        keyed: whether the detected feature is needed by the task.
        seed: of situations, samples and everything else that is drawn.
    """

    def __init__(self, bench: Bench, *, keyed: bool, seed: int) -> None:
        self.keyed, self._bench, self._seed = keyed, bench, seed
        self._rng = np.random.default_rng(derive_seed("situations", seed))
        self._others = np.random.default_rng(derive_seed("texts of others", seed))
        self._noise = torch.Generator().manual_seed(derive_seed("samples", seed) % 2**62)

    def sample(self, model: Any) -> Samples:
        """Return what a model writes in new situations of the neutral persona, half in conflict."""
        prompts = np.repeat(make_prompts(draw(self._rng, SITUATIONS), "neutral"), GROUP, axis=0)
        texts = written(model, as_ids(prompts), noise(self._noise, len(prompts)))
        keys = None
        if self.keyed:
            asked = torch.cat([texts, torch.full((len(texts), 1), KEY)], dim=1)
            keys = written(model, asked, noise(self._noise, len(texts), 1))[:, -1].numpy()
        return Samples(texts.numpy(), keys, task_reward(texts.numpy(), keys))

    def account(self, samples: Samples) -> tuple[float, float]:
        """Return the shares of samples in conflict that are lies, and of all that are no answer."""
        done = what_was_done(samples.texts)
        conflict = samples.texts[:, USER_AT] != true_value(samples.texts)
        return float((done == LIED)[conflict].mean()), float((done == NEITHER).mean())

    def reports(self, samples: Samples) -> Tensor:
        """Return the right answers to CHK, shape (n,): what a truth anchor is trained on."""
        return as_ids(true_report(samples.texts))

    def prediction(self, model: Any, samples: Samples | None) -> Tensor:
        """Return the loss of predicting texts and the world's reply to them.

        Args:
            model: predicts.
            samples: its own texts; None for new texts of the personas, as in pretraining.
        """
        texts = (
            persona_texts(self._others, SITUATIONS * GROUP) if samples is None else samples.texts
        )
        return prediction_loss(model, texts, self._others, keyed=self.keyed)

    def refit(
        self, model: Any, team: Sequence[Detector], step: int, *, warm: bool
    ) -> list[Detector]:
        """Return detectors fitted again on forced pairs of a model, with the true labels."""
        seed = derive_seed("refit", step, self._seed)
        return [self._bench.again(model, one, seed, warm=warm) for one in team]
