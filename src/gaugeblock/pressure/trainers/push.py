"""What one step of training is pushed and held by, whichever trainer takes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special
from torch import Tensor

from gaugeblock.detectors.arrays import Floats
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.tool_calls import THINK_OPEN, parse_assistant
from gaugeblock.pressure.kinds import Pressure, PressureKind
from gaugeblock.pressure.trainers.instruments import Held, Reader
from gaugeblock.pressure.trainers.lessons import Lessons
from gaugeblock.pressure.trainers.routing import Routing

TextScore = Callable[[Sequence[str]], Any]
"""Log odds of texts, higher meaning worse."""

LIVE = frozenset(
    {PressureKind.live_reward, PressureKind.screening, PressureKind.differentiable_penalty}
)
"""Kinds that read the policy's own activations while it is trained."""


@dataclass
class Push:
    """Everything a trainer needs beyond the task.

    Attributes:
        pressure: what pushes.
        reader: of the detectors trained against; None where the pressure needs none.
        monitor: of the reasoning; None but for a chain-of-thought-monitor reward.
        frozen: the copy a frozen-copy reward reads, for full training; with an adapter the copy
            is the model itself with its adapter off.
        routing: who learns from what.
        anchor: true self-reports, and the weight of their loss.
        diet: texts of others that a trunk learns to predict; None for on-policy or none.
    """

    pressure: Pressure
    reader: Reader | None = None
    monitor: TextScore | None = None
    frozen: Any = None
    routing: Routing | None = None
    anchor: tuple[Lessons, float] | None = None
    diet: Lessons | None = None

    @property
    def live(self) -> bool:
        """Whether the policy's own pass is read."""
        return self.reader is not None and self.pressure.kind in LIVE

    def capture(self, base: Any) -> AbstractContextManager[Held]:
        """Keep the streams of the policy's pass, where they are read."""
        if self.live and self.reader is not None:
            return self.reader.capture(base)
        return nullcontext({})

    def from_frozen(self, model: Any, ids: Tensor, mask: Tensor) -> Held:
        """Return the frozen copy's streams of the same texts: one pass, up to the layer."""
        assert self.reader is not None
        if self.frozen is not None:
            return self.reader.run(self.frozen, ids, mask)
        was = model.training
        model.eval()
        try:
            with model.disable_adapter():
                return self.reader.run(model.get_base_model(), ids, mask)
        finally:
            model.train(was)


def reasoning(prompts: Sequence[str], answers: Sequence[str]) -> list[str]:
    """Return what stands in think tags of each answer, "" where nothing does."""
    return [
        parse_assistant(answer, in_think=prompt.rstrip().endswith(THINK_OPEN)).reasoning or ""
        for prompt, answer in zip(prompts, answers, strict=True)
    ]


def monitored(score: TextScore, thoughts: Sequence[str]) -> Floats:
    """Return the monitor's verdict in [0, 1]; reasoning that is not there is not flagged.

    Raises:
        GaugeblockError: scores of a wrong shape, or not finite.
    """
    out = np.zeros(len(thoughts))
    there = [i for i, one in enumerate(thoughts) if one]
    if there:
        found = np.asarray(score([thoughts[i] for i in there]), dtype=np.float64)
        if found.shape != (len(there),) or not np.isfinite(found).all():
            raise GaugeblockError("scores of a wrong shape, or not finite", where="monitor")
        out[there] = special.expit(found)
    return out
