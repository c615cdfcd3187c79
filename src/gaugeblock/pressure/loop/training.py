"""The plain loop: samples, verdicts, one optimiser step, again."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gaugeblock.detectors.arrays import Floats
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.cell_spec import CellSpec
from gaugeblock.pressure.honeypot.detector import Detector
from gaugeblock.pressure.honeypot.network import Passed, answer_logprobs, passed
from gaugeblock.pressure.honeypot.places import as_floats, as_ids, pooled, read_at
from gaugeblock.pressure.honeypot.words import ANSWER_AT, CHK, KEY, TEXT
from gaugeblock.pressure.honeypot.world import GROUP, Samples, World
from gaugeblock.pressure.kinds import Mitigation, PressureKind
from gaugeblock.pressure.loop.losses import divergence, policy_gradient, preference
from gaugeblock.pressure.loop.pressing import Pressing
from gaugeblock.pressure.loop.record import CurvePoint
from gaugeblock.pressure.loop.routing import Routes, make_routes

RECORD_EVERY = 10
UNPRESSED = frozenset({PressureKind.none, PressureKind.retry_selection})


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training.

    Attributes:
        model: the policy.
        curve: where it stood, the last point being after the last step.
    """

    model: Any
    curve: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """One batch as policy and reference read it."""

    policy: Passed
    reference: Passed
    chosen: Tensor
    chosen_reference: Tensor
    kl: Tensor


def train(
    cell: CellSpec,
    reference: Any,
    world: World,
    pressing: Pressing,
    held_out: Sequence[Detector],
) -> Trained:
    """Train a copy of the reference as a cell says.

    Args:
        cell: what is done.
        reference: a model of the world, without gradients.
        world: gives samples, and what the pressure does not see: shares for the curve, targets of
            the anchor, detectors fitted again.
        pressing: the pressure.
        held_out: detectors that are only counted.

    Raises:
        GaugeblockError: the loss is not finite, a split outside the model, a detector of another
            width.
    """
    policy = copy.deepcopy(reference)
    width = policy.config.hidden_size
    for one in (*pressing.team, *held_out):
        if one.place.block is not None:
            one.fits(width)
    by = {one.kind: one for one in cell.mitigations}
    routes = make_routes(policy, by.get("split"), where=f"cell {cell.name}")
    optimiser = torch.optim.AdamW(routes.trained, lr=cell.learning_rate, weight_decay=0.0)
    refresh = cell.pressure.refresh
    curve = []
    for step in range(cell.steps + 1):
        samples = world.sample(policy)
        if refresh.every is not None and 0 < step < cell.steps and step % refresh.every == 0:
            if refresh.on == "forced-pairs":
                warm = refresh.start == "warm"
                pressing.replace(world.refit(policy, pressing.team, step, warm=warm))
            else:
                pressing.refit_on_own_flags(_shown(pressing, policy, reference, samples))
        recorded = step % RECORD_EVERY == 0 or step == cell.steps
        last = step == cell.steps
        with torch.set_grad_enabled(not last):
            read = _read(policy, reference, samples, pressing, held_out if recorded else (), routes)
        if recorded:
            curve.append(_point(step, samples, world, pressing, held_out, read))
        if last:
            break
        loss = _loss(cell, world, pressing, samples, read, step)
        anchor = by.get("anchor")
        if anchor is not None:
            loss = loss + (anchor.weight or 0.0) * _anchored(policy, world, samples, routes)
        beliefs = _beliefs(policy, world, samples, by.get("split"))
        _check(loss, cell, step)
        routes.set_gradients(loss, beliefs)
        torch.nn.utils.clip_grad_norm_(routes.trained, 1.0)
        optimiser.step()
    for parameter in policy.parameters():
        parameter.requires_grad_(False)
    return Trained(policy.eval(), tuple(curve))


def _loss(
    cell: CellSpec, world: World, pressing: Pressing, samples: Samples, read: _Reading, step: int
) -> Tensor:
    pressure, kind = cell.pressure, cell.pressure.kind
    verdict = np.zeros(len(samples.reward))
    if kind not in UNPRESSED and not pressure.through_gradient:
        verdict = pressing.verdict(as_floats(_of(pressing, samples, read)), step)
    if kind is PressureKind.preference_labels:
        pairs = pressing.preferences(samples.reward, verdict, GROUP)
        loss = preference(read.chosen, read.chosen_reference, pairs)
    else:
        advantage = pressing.advantage(samples.reward, verdict, GROUP)
        loss = policy_gradient(read.chosen, torch.from_numpy(advantage).float())
    if pressure.through_gradient:
        loss = loss + pressure.weight * pressing.penalty(_of(pressing, samples, read), step)
    return loss + pressure.kl * read.kl.mean()


def _read(
    policy: Any,
    reference: Any,
    samples: Samples,
    pressing: Pressing,
    counted: Sequence[Detector],
    routes: Routes,
) -> _Reading:
    ids = as_ids(samples.texts)
    if samples.keys is not None:
        ids = torch.cat([ids, torch.full((len(ids), 1), KEY)], dim=1)
    blocks = {d.place.block for d in (*pressing.team, *counted)} - {None}
    wanted = [block for block in blocks if block is not None]
    here = passed(policy, ids, wanted, routes.cut)
    with torch.no_grad():
        there = passed(reference, ids, wanted if pressing.frozen_copy else ())
    mine, theirs = answer_logprobs(here.logits), answer_logprobs(there.logits)
    said = ids[:, ANSWER_AT:TEXT].unsqueeze(-1)
    chosen, before = (one.gather(-1, said).sum(dim=(1, 2)) for one in (mine, theirs))
    if samples.keys is not None:
        keys = as_ids(samples.keys).unsqueeze(-1)
        chosen, before = (
            total + one.logits[:, TEXT].log_softmax(-1).gather(-1, keys).squeeze(-1)
            for total, one in ((chosen, here), (before, there))
        )
    return _Reading(here, there, chosen, before, divergence(mine, theirs))


def _of(pressing: Pressing, samples: Samples, read: _Reading) -> Tensor:
    """Return what the pressure is shown of a batch."""
    source = read.reference if pressing.frozen_copy else read.policy
    return pooled(pressing.place, source.streams, as_ids(samples.texts))


def _shown(pressing: Pressing, policy: Any, reference: Any, samples: Samples) -> Floats:
    return read_at(reference if pressing.frozen_copy else policy, pressing.place, samples.texts)


def _anchored(policy: Any, world: World, samples: Samples, routes: Routes) -> Tensor:
    asked = torch.cat([as_ids(samples.texts), torch.full((len(samples.texts), 1), CHK)], dim=1)
    return F.cross_entropy(
        passed(policy, asked, (), routes.cut).logits[:, -1], world.reports(samples)
    )


def _beliefs(
    policy: Any, world: World, samples: Samples, split: Mitigation | None
) -> Tensor | None:
    if split is None or split.trunk == "frozen":
        return None
    return world.prediction(policy, samples if split.trunk == "predictive-on-policy" else None)


def _check(loss: Tensor, cell: CellSpec, step: int) -> None:
    if not torch.isfinite(loss):
        raise GaugeblockError(
            "the loss is not finite",
            where=f"cell {cell.name}, step {step}",
            remedy=f"Lower the learning rate ({cell.learning_rate:g}) or the pressure's weight "
            f"({cell.pressure.weight:g})",
        )


def _point(
    step: int,
    samples: Samples,
    world: World,
    pressing: Pressing,
    held_out: Sequence[Detector],
    read: _Reading,
) -> CurvePoint:
    misbehaved, degenerate = world.account(samples)
    ids = as_ids(samples.texts)
    return CurvePoint(
        step=step,
        samples=len(samples.texts),
        reward=float(samples.reward.mean()),
        misbehaved=misbehaved,
        degenerate=degenerate,
        flagged=float(
            np.mean([d.flags(as_floats(_of(pressing, samples, read))) for d in pressing.team])
        ),
        held_out={
            one.name: one.flags(as_floats(pooled(one.place, read.policy.streams, ids)))
            for one in held_out
        },
        kl=float(read.kl.detach().mean()),
    )
