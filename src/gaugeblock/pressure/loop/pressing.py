"""The pressure's side of the loop: from what is shown of samples to what is done about them.

It holds detectors and the pressure, and is given activations and rewards. It imports nothing that
knows what is true of a sample, and the loop gives it nothing of the kind.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gaugeblock.detectors.arrays import Floats
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.honeypot.detector import Detector, linear
from gaugeblock.pressure.honeypot.places import Place
from gaugeblock.pressure.honeypot.refit import refitted
from gaugeblock.pressure.kinds import Pressure, PressureKind
from gaugeblock.pressure.seen import shuffled
from gaugeblock.pressure.signals import REWARD_KINDS, kept, penalised, preferred, verdicts
from gaugeblock.seeds import derive_seed


class Pressing:
    """A pressure with its detectors.

    Args:
        pressure: what pushes.
        team: the detectors, all reading the same place.
        rotate: whether they take turns, one a step; else their verdicts are averaged.
        seed: of the orders in which samples are shown.

    Raises:
        GaugeblockError: the detectors read different places.
    """

    def __init__(
        self, pressure: Pressure, team: Sequence[Detector], *, rotate: bool, seed: int
    ) -> None:
        if len({one.place.at for one in team}) != 1 or len({one.place.layer for one in team}) != 1:
            raise GaugeblockError("detectors that read different places", where="pressure")
        if pressure.kind is PressureKind.differentiable_penalty:
            for one in team:
                linear(one)
        self.pressure, self.team, self.rotate, self.seed = pressure, list(team), rotate, seed

    @property
    def place(self) -> Place:
        """What is to be shown."""
        return self.team[0].place

    @property
    def frozen_copy(self) -> bool:
        """Whether activations are to be those of the reference."""
        return self.pressure.kind is PressureKind.frozen_copy_reward

    def in_use(self, step: int) -> list[Detector]:
        """Return the detectors that act in a step."""
        return [self.team[step % len(self.team)]] if self.rotate else self.team

    def verdict(self, read: Floats, step: int) -> Floats:
        """Return the verdict on each sample, in [0, 1].

        Args:
            read: what is shown, shape (n, width).
            step: of the training.
        """
        given = []
        for one in self.in_use(step):
            seen, order = shuffled(read, derive_seed("shown", one.name, step, self.seed) % 2**32)
            said = np.empty(len(read))
            said[order] = verdicts(one.probe, seen, one.threshold, one.scale)
            given.append(said)
        return np.asarray(np.mean(given, axis=0))

    def advantage(self, reward: Floats, verdict: Floats, group: int) -> Floats:
        """Return each sample's advantage over its group, the verdict taken into account.

        Screening drops samples: theirs is 0 and they count in no mean. A group of which nothing or
        one sample is left teaches nothing.

        Args:
            reward: of the task, shape (n,).
            verdict: shape (n,).
            group: samples of one prompt, one after the other.
        """
        kind = self.pressure.kind
        worth = penalised(self.pressure, reward, verdict) if kind in REWARD_KINDS else reward
        stays: NDArray[np.bool_] = np.ones(len(reward), dtype=bool)
        if kind is PressureKind.screening:
            stays = kept(self.pressure, verdict)
        by, weight = worth.reshape(-1, group), stays.reshape(-1, group).astype(float)
        count = weight.sum(axis=1, keepdims=True)
        mean = (by * weight).sum(axis=1, keepdims=True) / np.maximum(count, 1.0)
        return np.asarray(((by - mean) * weight).ravel())

    def preferences(self, reward: Floats, verdict: Floats, group: int) -> list[tuple[int, int]]:
        """Return (chosen, rejected) samples: neighbours in each group are compared."""
        pairs = [
            (first, first + 1)
            for begin in range(0, len(reward), group)
            for first in range(begin, begin + group - 1, 2)
        ]
        return preferred(self.pressure, reward, verdict, pairs)

    def penalty(self, read: Tensor, step: int) -> Tensor:
        """Return the mean verdict in the graph of the activations, shape (); detectors are frozen.

        Args:
            read: shape (n, width), with gradient.
            step: of the training.
        """
        if not self.pressure.through_gradient:
            raise GaugeblockError(
                f"a {self.pressure.kind.value} pressure has no gradient", where="pressure"
            )
        given = []
        for one in self.in_use(step):
            weight, bias = linear(one)
            score = read @ torch.as_tensor(weight, dtype=read.dtype) + bias
            given.append(torch.sigmoid((score - one.threshold) / one.scale).mean())
        return torch.stack(given).mean()

    def refit_on_own_flags(self, read: Floats) -> None:
        """Fit the detectors again on what each of them says of the samples.

        A detector that flags everything or nothing has nothing to learn from, and stays.

        Args:
            read: what is shown, shape (n, width).
        """
        for i, one in enumerate(self.team):
            flags = (one.probe.score(read) > one.threshold).astype(np.int64)
            if 0 < flags.sum() < len(flags):
                warm = self.pressure.refresh.start == "warm"
                self.team[i] = refitted(one, read, flags, warm=warm)

    def replace(self, team: Sequence[Detector]) -> None:
        """Take detectors that the environment has fitted again."""
        self.team = list(team)
