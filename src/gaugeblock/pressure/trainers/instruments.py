"""The detectors of a recipe, checked against the base, as verdicts and as a penalty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from gaugeblock.detectors.arrays import Floats
from gaugeblock.detectors.files import load_probe
from gaugeblock.detectors.probe import Probe
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import find_blocks
from gaugeblock.models.activations.blocks import Blocks, stream_of
from gaugeblock.models.activations.pooling import Pooler, Pooling, pooling_of
from gaugeblock.models.activations.running import run_blocks
from gaugeblock.pressure.kinds import Pressure
from gaugeblock.pressure.seen import shuffled
from gaugeblock.pressure.signals import verdicts
from gaugeblock.pressure.trainers.recipe import DetectorUse, TrainingRecipe
from gaugeblock.pressure.trainers.torch_scores import Score, torch_score

Held = dict[int, Tensor]
"""Layer to the residual stream of one forward pass, (batch, tokens, width)."""


@dataclass
class Instrument:
    """A detector in use; ``probe`` is replaced where it is refreshed.

    Attributes:
        name: of its file.
        probe: fitted.
        layer: block whose output it reads.
        pool: how tokens are pooled.
        threshold: score at which the verdict is one half.
        scale: score units in one logit.
        fpr: false-positive rate that a new threshold is set at, where it is refreshed.
    """

    name: str
    probe: Probe
    layer: int
    pool: Pooling
    threshold: float
    scale: float
    fpr: float = 0.01
    _score: Score | None = field(default=None, repr=False)

    def replace(self, probe: Probe, threshold: float, scale: float) -> None:
        """Put a refitted probe in."""
        self.probe, self.threshold, self.scale, self._score = probe, threshold, scale, None

    def score(self, device: torch.device) -> Score:
        """Return the differentiable score."""
        if self._score is None:
            self._score = torch_score(self.probe, device)
        return self._score


def load_instrument(use: DetectorUse, blocks: Blocks, model: str) -> Instrument:
    """Return a detector that fits the base; its scale is 1 where the recipe leaves it open.

    Args:
        use: of the recipe.
        blocks: of the base.
        model: fingerprint of the base.

    Raises:
        GaugeblockError: fitted on another model, a layer that is not there, a family that reads
            more than one pooled layer, or no threshold.
    """
    probe, card = load_probe(use.file, model=model)
    if card.model == "":
        raise GaugeblockError(
            "the detector does not say which model it was fitted on",
            where=use.file,
            remedy="Save it with model=model_fingerprint(...), as gaugeblock certify does",
        )
    if card.layer is None or not 0 <= card.layer < blocks.count:
        raise GaugeblockError(
            f"it reads layer {card.layer}, the model has blocks 0 to {blocks.count - 1}",
            where=use.file,
        )
    if probe.ndim != 2:
        raise GaugeblockError(
            f"a detector of the family '{card.family}' reads more than one vector of a text",
            where=use.file,
            remedy="Train against one that reads a pooled layer; join several by 'ensemble'",
        )
    pools: dict[str, Pooling] = {"last": "last", "mean": "mean", "max": "max"}
    if card.at not in pools:
        raise GaugeblockError(f"pooling '{card.at}' needs more than the text", where=use.file)
    threshold = use.threshold
    if threshold is None:
        if card.calibration is None:
            raise GaugeblockError(
                "the detector has no threshold",
                where=use.file,
                remedy="Calibrate it before it is saved, or give 'threshold' in the recipe",
            )
        threshold = card.calibration.threshold
    return Instrument(
        use.file.stem,
        probe,
        card.layer,
        pooling_of(pools[card.at]),
        threshold,
        scale=1.0 if use.scale is None else use.scale,
        fpr=0.01 if card.calibration is None else card.calibration.target,
    )


class Reader:
    """Reads activations out of forward passes and says what the detectors make of them.

    Args:
        recipe: says whether detectors are rotated or joined.
        instruments: those trained against.
        end_ids: tokens that end an answer; they are not read, as in the audit.

    Attributes:
        remembered: what was read and the verdicts on it, for a detector that is refitted on its
            own flags; None where nothing is remembered.
    """

    def __init__(
        self, recipe: TrainingRecipe, instruments: Sequence[Instrument], end_ids: frozenset[int]
    ) -> None:
        self.pressure: Pressure = recipe.pressure
        self.instruments = list(instruments)
        self._ends = sorted(end_ids)
        self.remembered: list[tuple[Instrument, Floats, Floats]] | None = None
        self._rotated = recipe.mitigation("rotated") is not None
        self._seed = recipe.seed

    @property
    def layers(self) -> tuple[int, ...]:
        """Blocks that are read."""
        return tuple(sorted({one.layer for one in self.instruments}))

    def in_use(self, step: int) -> list[Instrument]:
        """Return the detectors of a step: one in turn where they are rotated, else all."""
        if self._rotated:
            return [self.instruments[step % len(self.instruments)]]
        return self.instruments

    @contextmanager
    def capture(self, model: nn.Module) -> Iterator[Held]:
        """Keep the streams of the forward pass inside; the graph hangs on them.

        Where there are several passes, the last one counts.
        """
        held: Held = {}
        blocks = find_blocks(model)
        with ExitStack() as stack:
            for layer in self.layers:
                stack.callback(
                    blocks.modules[layer].register_forward_hook(_keep(held, layer)).remove
                )
            yield held

    def run(self, model: nn.Module, ids: Tensor, mask: Tensor) -> Held:
        """Return the streams of a pass of its own, without a graph and no further than needed."""
        held: Held = {}
        blocks = find_blocks(model)

        def into(layer: int) -> object:
            return lambda stream: held.__setitem__(layer, stream)

        with torch.no_grad():
            run_blocks(blocks, ids, mask, {layer: into(layer) for layer in self.layers})  # type: ignore[misc]
        return held

    def read_tokens(self, ids: Tensor, mask: Tensor, answer: Tensor) -> Tensor:
        """Return which tokens are pooled, (batch, tokens): all but padding and the answer's end."""
        ends = torch.isin(ids, torch.tensor(self._ends, device=ids.device, dtype=ids.dtype))
        return mask.bool() & ~(ends & answer.bool())

    def verdict(self, held: Held, tokens: Tensor, step: int) -> Floats:
        """Return the verdict on each row, (batch,), in [0, 1].

        Raises:
            FloatingPointError: activations that are not finite.
        """
        found = []
        for one in self.in_use(step):
            pooled = Pooler(tokens, one.pool)(held[one.layer].detach())
            if not torch.isfinite(pooled).all():
                raise FloatingPointError("activations that are not finite")
            values = pooled.double().cpu().numpy()
            seen, order = shuffled(values, self._seed + step)
            out = np.empty(len(seen))
            out[order] = verdicts(one.probe, seen, one.threshold, one.scale)
            found.append(out)
            if self.remembered is not None:
                self.remembered.append((one, values, out))
        return np.asarray(np.mean(found, axis=0))

    def penalty(self, held: Held, tokens: Tensor, step: int) -> Tensor:
        """Return the mean verdict over the rows as a number with a graph."""
        found = []
        for one in self.in_use(step):
            pooled = Pooler(tokens, one.pool)(held[one.layer])
            logit = (one.score(pooled.device)(pooled) - one.threshold) / one.scale
            found.append(torch.sigmoid(logit))
        return torch.stack(found).mean(0)


def _keep(held: Held, layer: int):  # type: ignore[no-untyped-def]
    def hook(_module: nn.Module, _args: object, output: object) -> None:
        held[layer] = stream_of(output)

    return hook
