"""The channel simulator: a pure function from logits to what the API would return."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import log_softmax

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.floats import Array, round_to
from gaugeblock.logprobs.spec import ChannelSpec

Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Reported:
    """What a channel says about one position.

    Attributes:
        ids: token ids, most likely first, shape (k,).
        logprobs: the reported numbers, shape (k,), already as float32 would print them.
        probabilities: what the server samples from at this temperature, shape (V,).
        unlisted: the numbers that tokens outside the list would be given, shape (V,).
    """

    ids: Ids
    logprobs: Array
    probabilities: Array
    unlisted: Array

    def of(self, token: int, spec: ChannelSpec) -> float:
        """Return the number reported for a sampled token.

        Its own where it is listed, or would be in a list of the spec's ``k``; else the sentinel
        where there is one.
        """
        place = np.flatnonzero(self.ids == token)
        if place.size:
            return float(self.logprobs[place[0]])
        rank = int(np.sum(self.unlisted > self.unlisted[token]))
        if spec.sentinel is not None and rank >= spec.k:
            return spec.sentinel
        return float(_printed(self.unlisted[token], spec))


def _printed(logprobs: npt.ArrayLike, spec: ChannelSpec) -> Array:
    shown = np.asarray(logprobs, float).astype(np.float32).astype(float)
    return shown if spec.decimals is None else np.round(shown, spec.decimals)


class Channel:
    """A channel that obeys a :class:`ChannelSpec`.

    The server computes everything from the rounded logits, samples included, as a server whose
    last matrix product is in half precision does. ``noise`` and a step on logprobs touch the
    report alone.

    Args:
        spec: what the channel does.
        seed: tells the modes of one simulated server from those of another.

    Raises:
        GaugeblockError: if the family is ``undecided``.
    """

    def __init__(self, spec: ChannelSpec, seed: int = 0) -> None:
        if spec.family == "undecided":
            raise GaugeblockError(
                "an undecided channel cannot be simulated",
                remedy="Set family in the card's channel to one of those it could not tell apart",
            )
        self.spec = spec
        self.seed = seed

    def grid(self, logits: npt.ArrayLike) -> Array:
        """Return the logits as the server holds them: rounded, then capped; any shape."""
        spec, values = self.spec, np.asarray(logits, float)
        if spec.family in ("bf16", "fp16"):
            return round_to(values / spec.scale, spec.bits) * spec.scale
        if spec.family == "noise" and spec.precision is not None:
            return round_to(values, spec.precision)
        if spec.family == "softcap" and spec.cap is not None:
            return spec.cap * np.tanh(round_to(values, spec.bits) / spec.cap)
        if spec.family == "step" and spec.step is not None and spec.step_of == "logit":
            return np.rint(values / spec.step) * spec.step
        return values

    def _scaled(self, logits: Array, temperature: float) -> Array:
        convention = self.spec.temperature
        if convention == "unaffected" or (convention == "scaled_except_zero" and temperature == 0):
            return logits
        return logits / max(temperature, 1e-6)

    def _report(self, logprobs: Array, rng: np.random.Generator) -> Array:
        spec = self.spec
        if spec.family == "noise" and spec.sd is not None:
            logprobs = logprobs + rng.normal(0.0, spec.sd, logprobs.shape)
        if spec.family == "float_logprob":
            logprobs = round_to(logprobs, spec.bits)
        if spec.family == "step" and spec.step is not None and spec.step_of == "logprob":
            logprobs = np.rint(logprobs / spec.step) * spec.step
        return logprobs

    def hold(self, logits: npt.ArrayLike, rng: np.random.Generator) -> Array:
        """Return the logits of one position as the server holds them: in a mode, then gridded.

        Args:
            logits: the model's, shape (V,), nats.
            rng: draws the mode.
        """
        values, spec = np.asarray(logits, float), self.spec
        if spec.modes > 1 and (mode := int(rng.integers(spec.modes))) > 0:
            jitter = np.random.default_rng([self.seed, mode])
            values = values + jitter.normal(0.0, spec.mode_sd, values.shape)
        return self.grid(values)

    def report(
        self,
        held: Array,
        rng: np.random.Generator,
        *,
        temperature: float = 1.0,
        k: int | None = None,
    ) -> Reported:
        """Return what the API says of a position whose logits are already ``held``.

        Args:
            held: from :meth:`hold`, shape (V,), nats.
            rng: draws the noise.
            temperature: as asked for; 0 is greedy.
            k: how many tokens were asked for; the spec's ``k`` still limits it.
        """
        spec = self.spec
        shown = self._report(log_softmax(self._scaled(held, temperature)), rng)
        count = min(spec.k if k is None else min(k, spec.k), held.size)
        ids = np.argpartition(-shown, count - 1)[:count].astype(np.int64)
        ids = ids[np.argsort(-shown[ids], kind="stable")]
        listed = log_softmax(shown[ids]) if spec.renormalised else shown[ids]
        sampled = np.exp(log_softmax(held / max(temperature, 1e-6)))
        return Reported(ids, _printed(listed, spec), sampled, shown)

    def apply(
        self,
        logits: npt.ArrayLike,
        rng: np.random.Generator,
        *,
        temperature: float = 1.0,
        k: int | None = None,
    ) -> Reported:
        """Return what the API reports for one position: :meth:`hold`, then :meth:`report`."""
        return self.report(self.hold(logits, rng), rng, temperature=temperature, k=k)
