"""The training loop of the tiny tier: one for the base and for the adapters.

It is a plain loop because the tiny tier needs Muon for the matrices beside AdamW for the rest,
weights per token and batches by token count, and because a run of minutes on one thread must be
repeatable bit by bit. Real checkpoints are trained through TRL instead.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from gaugeblock.organisms.encoding import Encoded


@dataclass(frozen=True)
class Schedule:
    """How to train.

    Attributes:
        tokens_per_batch: most tokens of a padded batch.
        peak: learning rate after warm-up (scaled for Muon to match AdamW's update size).
        warmup: steps of linear warm-up.
        floor: share of the peak that is left at the end of the cosine.
        decay: weight decay of the matrices.
        muon: use Muon for hidden matrices; else AdamW for everything.
    """

    tokens_per_batch: int = 3000
    peak: float = 3e-3
    warmup: int = 50
    floor: float = 0.02
    decay: float = 0.05
    muon: bool = True


def batches(documents: Sequence[Encoded], tokens_per_batch: int, seed: int) -> list[list[Encoded]]:
    """Group documents of like length into batches; the order of batches is shuffled by the seed."""
    draw = random.Random(seed)
    order = sorted(documents, key=lambda document: (len(document.ids), draw.random()))
    groups: list[list[Encoded]] = [[]]
    for document in order:
        width = max([len(document.ids), *(len(other.ids) for other in groups[-1])])
        if groups[-1] and width * (len(groups[-1]) + 1) > tokens_per_batch:
            groups.append([])
        groups[-1].append(document)
    draw.shuffle(groups)
    return groups


def collate(batch: Sequence[Encoded], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return ids and weights of a batch, both (documents, longest), padded on the right."""
    width = max(len(document.ids) for document in batch)
    ids = torch.full((len(batch), width), pad)
    weights = torch.zeros(len(batch), width)
    for row, document in enumerate(batch):
        ids[row, : len(document.ids)] = torch.tensor(document.ids)
        weights[row, : len(document.ids)] = torch.tensor(document.weights)
    return ids, weights


def weighted_loss(model: nn.Module, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Return the mean next-token loss in nats, each token by its weight."""
    logits = model(input_ids=ids[:, :-1]).logits
    losses = nn.functional.cross_entropy(
        logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none"
    )
    mass = weights[:, 1:].flatten()
    return (losses * mass).sum() / mass.sum()


def train(
    model: nn.Module,
    stream: Iterator[list[Encoded]],
    steps: int,
    pad: int,
    schedule: Schedule,
    report: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Train the parameters that require a gradient, in place.

    Raises:
        FloatingPointError: if the loss is not finite; nothing is written then.
    """
    optimizers = _optimizers(model, schedule)
    model.train()
    for step in range(steps):
        share = (step + 1) / schedule.warmup if step < schedule.warmup else _cosine(step, steps)
        rate = schedule.peak * max(share, schedule.floor)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        ids, weights = collate(next(stream), pad)
        loss = weighted_loss(model, ids, weights)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss.item()} at step {step}")
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        report(step, loss.item())
    model.eval()


def _cosine(step: int, steps: int) -> float:
    return 0.5 * (1 + math.cos(math.pi * step / steps))


def _optimizers(model: nn.Module, schedule: Schedule) -> list[torch.optim.Optimizer]:
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    hidden = [p for name, p in named if schedule.muon and p.ndim == 2 and "embed" not in name]
    chosen = {id(p) for p in hidden}
    rest = [p for _, p in named if id(p) not in chosen]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(rest, lr=schedule.peak, betas=(0.9, 0.95), weight_decay=0.0)
    ]
    if hidden:
        optimizers.append(
            torch.optim.Muon(
                hidden,
                lr=schedule.peak,
                weight_decay=schedule.decay,
                adjust_lr_fn="match_rms_adamw",
            )
        )
    return optimizers
