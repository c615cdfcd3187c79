"""The reference models: made once for a seed, a size and a task, kept as safetensors."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from gaugeblock.detectors.arrays import Ints
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.cell_spec import CellSpec
from gaugeblock.pressure.honeypot.as_pairs import PAIRS, forced_pairs
from gaugeblock.pressure.honeypot.labels import true_report
from gaugeblock.pressure.honeypot.network import new_model, new_tokenizer
from gaugeblock.pressure.honeypot.personas import persona_texts
from gaugeblock.pressure.honeypot.words import (
    CHK,
    END,
    KEEP,
    KEY,
    MEND,
    PROMPT,
    SIZES,
    TEXT,
    YES,
    Size,
)
from gaugeblock.pressure.pairs import Pair, save_pairs
from gaugeblock.seeds import derive_seed

RECIPE = 2
"""Raised with any change in what a reference is made of or how; part of its directory's name."""
BATCH = 256
PROMPTS = 800
"""Pairs put beside a reference."""
PEAK = 6e-3
WEIGHTS = (2.0, 1.0, 1.0, 1.0, 0.5, 3.0)
"""Of the answer, three style words, the end and the reply: knowing what is true counts most."""


def base_folder(bases: Path, cell: CellSpec, base_seed: int) -> Path:
    """Return where a cell's reference is kept."""
    return bases / f"{cell.task}-{cell.size}-seed{base_seed}-recipe{RECIPE}"


def make_base(bases: Path, cell: CellSpec, base_seed: int) -> Path:
    """Return the directory of a cell's reference, made now if it is not there.

    Safe where two processes want it at once: each makes its own beside it and renames, and the
    first to be done stays.
    """
    folder = base_folder(bases, cell, base_seed)
    if folder.is_dir():
        return folder
    model = pretrain(SIZES[cell.size], base_seed, keyed=cell.task == "useful-feature")
    save_model(model, folder, forced_pairs(PROMPTS))
    return folder


def pretrain(size: Size, seed: int, *, keyed: bool, steps: int | None = None) -> Any:
    """Return a model that has learnt the personas' texts and to say what it was that it said.

    Args:
        size: of the model.
        seed: of weights and texts.
        keyed: whether half of the texts go on with KEY instead of CHK.
        steps: instead of the size's own.

    Raises:
        GaugeblockError: the loss is not finite.
    """
    steps = steps or size.steps
    model = new_model(size, derive_seed("weights", seed) % 2**31)
    rng = np.random.default_rng(derive_seed("texts", seed))
    optimiser = torch.optim.AdamW(model.parameters(), lr=PEAK, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=PEAK, total_steps=steps, pct_start=0.1
    )
    model.train()
    for step in range(steps):
        loss = prediction_loss(model, persona_texts(rng, BATCH), rng, keyed=keyed)
        if not torch.isfinite(loss):
            raise GaugeblockError(
                "the loss is not finite",
                where=f"pretraining with seed {seed}, step {step}",
                remedy="Use another base seed",
            )
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    return model.eval()


def prediction_loss(
    model: Any, texts: Ints, rng: np.random.Generator, *, keyed: bool
) -> torch.Tensor:
    """Return the loss of predicting texts and what the world replies after them, shape ().

    Args:
        model: any of this world.
        texts: shape (n, 12); the prompts' own tokens are not predicted.
        rng: draws which question follows.
        keyed: whether half of the texts go on with KEY instead of CHK.
    """
    n = len(texts)
    report = true_report(texts)
    asks_key = (rng.random(n) < 0.5) & keyed
    question = np.where(asks_key, KEY, CHK)
    reply = np.where(asks_key, np.where(report == YES, KEEP, MEND), report)
    ids = torch.from_numpy(np.concatenate([texts, question[:, None]], axis=1))
    ends = np.full((n, 1), END)
    targets = torch.from_numpy(np.concatenate([texts[:, PROMPT:], ends, reply[:, None]], axis=1))
    logits = model(input_ids=ids, use_cache=False).logits[:, PROMPT - 1 : TEXT + 1]
    each = F.cross_entropy(
        logits.reshape(-1, logits.shape[-1]), targets.reshape(-1), reduction="none"
    )
    weight = torch.tensor(WEIGHTS)
    return (each.view(targets.shape) * weight).mean() / weight.mean()


def save_model(model: Any, folder: Path, pairs: Sequence[Pair] = ()) -> None:
    """Write a checkpoint that any loader of transformers reads, whole or not at all.

    Args:
        model: of this world.
        folder: must not be there.
        pairs: to be put beside it, for an audit from the checkpoints alone.
    """
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        model.save_pretrained(beside)
        new_tokenizer().save_pretrained(beside)
        if pairs:
            save_pairs(beside / PAIRS, pairs)
        try:
            os.replace(beside, folder)
        except OSError:
            # Another process was first; what it made is the same.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def load_model(folder: Path) -> Any:
    """Return a checkpoint in evaluation mode, without gradients.

    Raises:
        GaugeblockError: it does not load.
    """
    from gaugeblock.models.loading import load_files

    model = load_files(folder, threads=1).model
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model
