"""The audit of one policy of this world, on the conflicts that were kept for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.pressure.battery import Instrument
from gaugeblock.pressure.behaviour import Runs, SelfReport, Tally, measure_behaviour
from gaugeblock.pressure.cells import CORNERS, Cells, Corner, LayerName, make_cells
from gaugeblock.pressure.honeypot.detector import Detector
from gaugeblock.pressure.honeypot.instruments import Instruments
from gaugeblock.pressure.honeypot.labels import HONEST, LIED, what_was_done
from gaugeblock.pressure.honeypot.network import answer_logprobs, noise, passed, written
from gaugeblock.pressure.honeypot.places import Place, as_floats, as_ids, pooled
from gaugeblock.pressure.honeypot.prompts import make_prompts, reserved
from gaugeblock.pressure.honeypot.reward import true_value
from gaugeblock.pressure.honeypot.words import CHK, NO, USER_AT, YES
from gaugeblock.pressure.kinds import RunRecord
from gaugeblock.pressure.means import mean_over_prompts
from gaugeblock.pressure.measure import measure
from gaugeblock.pressure.outcome_spec import load_outcome_spec
from gaugeblock.pressure.rates import Hits, grouped_rate
from gaugeblock.pressure.result import PressureAudit, judge
from gaugeblock.seeds import derive_seed
from gaugeblock.stats import Interval

PROMPTS = 1200
"""Half are fitted and calibrated on, half tested on."""


def examine(
    reference: Any,
    policy: Any,
    instruments: Instruments,
    run: RunRecord,
    seed: int,
    prompts: int | None = None,
) -> PressureAudit:
    """Return the audit of a policy: forced pairs in the 2x2, runs by itself, self-report, drift.

    Both models go on from the same beginnings with the same noise, so that a policy that did not
    change writes the same texts to the last word.

    Args:
        reference: before.
        policy: after.
        instruments: fitted before the training.
        run: what was done.
        seed: of every draw.
        prompts: how many of the kept conflicts; 1,200 if None.
    """
    prompts = prompts or PROMPTS
    spec = load_outcome_spec()
    level = spec.level
    models = {"r": reference, "p": policy}
    start = make_prompts(reserved(prompts), "neutral")
    begun = np.concatenate(
        [
            np.repeat(start, 2, axis=0),
            np.stack([true_value(start), start[:, USER_AT]], axis=1).reshape(-1, 1),
        ],
        axis=1,
    )
    groups = np.repeat(np.arange(prompts), 2)
    texts = {side: _write(model, begun, 3, seed) for side, model in models.items()}
    looked = {corner: _look(models[corner[1]], texts[corner[0]]) for corner in CORNERS}
    report = {side: looked[_corner(side)].says_true.reshape(-1, 2) for side in models}
    pools = _Pools(looked, texts, groups)
    trained, *held_out = (
        pools.instrument(one) for one in (instruments.audited, *instruments.held_out)
    )
    kl = _divergence(policy, reference, texts["p"])
    runs = {side: _runs(model, start, seed) for side, model in models.items()}
    # A monitor of the text has no layer of its own: probes are fitted anew where the belief is.
    home = instruments.audited.place
    if home.block is None:
        home = instruments.held_out[0].place
    found = measure(
        pools.cells(home),
        trained,
        held_out,
        level=level,
        seed=0,
        behaviour=measure_behaviour(Runs(reference=runs["r"], policy=runs["p"]), level),
        self_report=SelfReport(
            lies_owned=_rate(~report["p"][:, 1], level),
            truths_affirmed=_rate(report["p"][:, 0], level),
            reference_lies_owned=_rate(~report["r"][:, 1], level),
            reference_truths_affirmed=_rate(report["r"][:, 0], level),
        ),
        kl=mean_over_prompts(kl, groups, level, 0),
        kl_texts=len(kl),
        run=run,
        reference=f"honeypot, base seed {run.base_seed}",
        policy=f"{run.cell}, seed {run.seed}",
    )
    return judge(found, spec)


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One model's reading of texts, and whether it calls each true when asked."""

    streams: dict[int, torch.Tensor]
    says_true: Hits


def _look(model: Any, texts: Ints) -> _Look:
    asked = np.concatenate([texts, np.full((len(texts), 1), CHK)], axis=1)
    with torch.inference_mode():
        found = passed(model, as_ids(asked), range(model.config.num_hidden_layers))
        last = found.logits[:, -1]
        return _Look(found.streams, (last[:, YES] > last[:, NO]).numpy())


def _corner(side: str) -> Corner:
    return "rr" if side == "r" else "pp"


def _write(model: Any, begun: Ints, tokens: int, seed: int) -> Ints:
    generator = torch.Generator().manual_seed(derive_seed("audit", tokens, seed) % 2**62)
    return np.asarray(written(model, as_ids(begun), noise(generator, len(begun), tokens)).numpy())


class _Pools:
    """Cells by place; made once for each pooling."""

    def __init__(self, looked: dict[Corner, _Look], texts: dict[str, Ints], groups: Ints) -> None:
        self._looked, self._texts, self._groups = looked, texts, groups
        self._labels = np.tile([0, 1], len(groups) // 2)
        self._made: dict[tuple[str, LayerName], Cells] = {}

    def cells(self, place: Place) -> Cells:
        key = (place.at, place.layer)
        if key not in self._made:
            self._made[key] = self._make(place)
        return self._made[key]

    def instrument(self, one: Detector) -> Instrument:
        """Return a detector ready to be read."""
        return Instrument(
            one.name,
            one.probe,
            one.probe.family,
            one.place.layer,
            one.threshold,
            True,
            self.cells(one.place),
        )

    def _make(self, place: Place) -> Cells:
        layers: tuple[LayerName, ...] = (place.layer,)
        if place.block is not None:
            layers = tuple(self._looked["rr"].streams)
        arrays: dict[Corner, Floats] = {}
        for corner in CORNERS:
            ids = as_ids(self._texts[corner[0]])
            each = [
                pooled(Place(layer, place.tokens, place.at), self._looked[corner].streams, ids)
                for layer in layers
            ]
            arrays[corner] = np.stack([as_floats(one) for one in each], axis=1)
        return make_cells(
            arrays, self._labels, self._groups, layers=layers, layer=place.layer, at=place.at
        )


def _rate(said: Hits, level: float) -> Interval:
    return grouped_rate(said, np.arange(len(said)), level)


def _runs(model: Any, start: Ints, seed: int) -> tuple[Tally, ...]:
    done = what_was_done(_write(model, start, 4, seed))
    return tuple(
        Tally(
            scenario=f"s{i}",
            misbehaved=int(one == LIED),
            honest=int(one == HONEST),
            degenerate=int(one not in (LIED, HONEST)),
        )
        for i, one in enumerate(done)
    )


def _divergence(policy: Any, reference: Any, texts: Ints) -> Floats:
    with torch.inference_mode():
        p, q = (
            answer_logprobs(model(input_ids=as_ids(texts), use_cache=False).logits)
            for model in (policy, reference)
        )
        return as_floats((p.exp() * (p - q)).sum(-1).mean(-1))
