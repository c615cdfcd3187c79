"""Texts learnt beside the reward: true self-reports (anchor) and prediction (a trunk's diet)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

IGNORED = -100

Row = tuple[tuple[int, ...], tuple[int, ...]]
"""Token ids, and per token the id to learn there or ``IGNORED``."""


@dataclass(frozen=True)
class Lessons:
    """Rows of which a few are learnt at each step.

    Attributes:
        rows: token ids with labels.
        pad: id that fills a batch up.
        size: rows of one step.
        seed: of the choice; the same step always has the same rows, so a training that was
            killed goes on as it would have.
    """

    rows: Sequence[Row]
    pad: int
    size: int
    seed: int

    def loss(self, model: Any, step: int, device: torch.device) -> Tensor:
        """Return the mean negative log-likelihood of a step's rows, in nats per learnt token."""
        draw = random.Random(f"{self.seed}/{step}")
        chosen = draw.sample(range(len(self.rows)), min(self.size, len(self.rows)))
        rows = [self.rows[i] for i in chosen]
        longest = max(len(ids) for ids, _ in rows)

        def padded(values: Sequence[int], fill: int) -> list[int]:
            return [*values, *[fill] * (longest - len(values))]

        ids = torch.tensor([padded(one, self.pad) for one, _ in rows], device=device)
        labels = torch.tensor([padded(one, IGNORED) for _, one in rows], device=device)
        mask = torch.tensor([padded([1] * len(one), 0) for one, _ in rows], device=device)
        return likelihood(model, ids, mask, labels)


def likelihood(model: Any, ids: Tensor, mask: Tensor, labels: Tensor) -> Tensor:
    """Return the mean negative log-likelihood of the labelled tokens."""
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1].float()
    return torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED
    )
