"""A simulated logprob channel between a local model and whoever asks it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.spec import ChannelSpec
from gaugeblock.models.sampling import RowReport


class ServedChannel:
    """Says of a model's logits what a stated channel would (a ``sampling.LogprobReporter``).

    The model samples from the logits that the channel holds, as a server whose last product is in
    half precision does. Modes and noise come from one sequence, so that the same requests one
    after the other get the same answers. What does not concern the numbers (``string_keyed``,
    ``drops``, ``rate_limited``) is the server's: give it the same spec.

    Args:
        spec: what the channel does.
        seed: of the modes and the noise.

    Raises:
        GaugeblockError: if the family is ``undecided``.
    """

    def __init__(self, spec: ChannelSpec, seed: int = 0) -> None:
        self.spec = spec
        self._channel = Channel(spec, seed)
        self._rng = np.random.default_rng(seed)

    def hold(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the logits in a mode of the server and on its grid."""
        rows = [self._channel.hold(row, self._rng) for row in logits.double().cpu().numpy()]
        # In float64, so that a grid such as multiples of 0.1 is not rounded once more.
        return torch.from_numpy(np.stack(rows)).to(logits.device)

    def __call__(
        self,
        held: torch.Tensor,
        sampled: torch.Tensor,
        k: Sequence[int],
        temperature: Sequence[float],
    ) -> list[RowReport]:
        """Return what the channel says of each row."""
        rows = held.double().cpu().numpy()
        reports = []
        for row, token, count, heat in zip(rows, sampled.tolist(), k, temperature, strict=True):
            said = self._channel.report(row, self._rng, temperature=heat, k=max(count, 1))
            top = zip(said.ids.tolist(), map(_shortest, said.logprobs), strict=True)
            reports.append(RowReport(_shortest(said.of(token, self.spec)), tuple(top)[:count]))
        return reports


def _shortest(value: float) -> float:
    """Return the number that prints as the shortest text of its float32, as servers print it."""
    return float(str(np.float32(value)))
