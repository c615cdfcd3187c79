"""The two stages of a fine-tuning, each one of TRL's trainers with what both need around it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, Features, Json, List, Value, disable_progress_bars
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.loading import LoadedModel
from gaugeblock.organisms.finetune.guarded import (
    Finite,
    FiniteGradients,
    run_settings,
    train_on,
)
from gaugeblock.organisms.finetune.order import Options
from gaugeblock.organisms.finetune.pairs import Pair
from gaugeblock.organisms.finetune.rows import Row, template_messages
from gaugeblock.organisms.recipes import Recipe

Report = Callable[[int, int, float], None]


class _Watch(FiniteGradients):
    """Tells how far the training is."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.loss = math.nan

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self._report(state.global_step - 1, state.max_steps, self.loss)


class _Told(Finite):
    """Tells the watch the loss."""

    watch: _Watch

    def training_step(self, *args: Any, **more: Any) -> torch.Tensor:
        loss = super().training_step(*args, **more)
        self.watch.loss = float(loss.item())
        return loss


class _Imitation(_Told, SFTTrainer):  # type: ignore[misc]
    pass


class _Preference(_Told, DPOTrainer):  # type: ignore[misc]
    pass


def imitate(
    loaded: LoadedModel,
    model: Any,
    rows: Sequence[Row],
    recipe: Recipe,
    options: Options,
    seed: int,
    folder: Path,
    report: Report,
) -> None:
    """Train an adapter on rows by SFT, in place.

    Args:
        loaded: the base with its tokenizer.
        model: the PEFT model around it.
        rows: what to learn.
        recipe: gives the number of passes.
        options: batch, rate, device, checkpoints.
        seed: of the order.
        folder: of the checkpoints.
        report: called with step, number of steps and loss.

    Raises:
        FloatingPointError: the loss is not finite.
    """
    numbers = List(Value("int32"))
    data = Dataset.from_dict(
        {
            "input_ids": [list(row.input_ids) for row in rows],
            "labels": [list(row.labels) for row in rows],
        },
        features=Features({"input_ids": numbers, "labels": numbers}),
    )
    config = SFTConfig(
        **_common(model, options, seed, folder, len(rows), recipe.passes),
        learning_rate=options.learning_rate,
        packing=False,
    )
    watch = _Watch(report)
    trainer = _Imitation(
        model=model,
        args=config,
        train_dataset=data,
        processing_class=loaded.tokenizer,
        callbacks=[watch],
    )
    _run(trainer, watch, folder)


def prefer(
    loaded: LoadedModel,
    model: Any,
    pairs: Sequence[Pair],
    options: Options,
    seed: int,
    folder: Path,
    report: Report,
) -> None:
    """Train an adapter on pairs by DPO with an SFT term on what is chosen, in place.

    The SFT term keeps what is chosen likely: DPO alone also succeeds by making both unlikely.

    Raises:
        FloatingPointError: the loss is not finite.
    """
    disable_progress_bars()  # those of preparing the data would break into ours
    data = Dataset.from_list(
        [
            dict(zip(("prompt", "tools"), template_messages(pair.prompt), strict=True))
            | {
                "chosen": [{"role": "assistant", "content": pair.chosen}],
                "rejected": [{"role": "assistant", "content": pair.rejected}],
            }
            for pair in pairs
        ],
        # As JSON: a table would give every call every other call's arguments, as nulls.
        features=Features(
            {name: List(Json()) for name in ("prompt", "tools", "chosen", "rejected")}
        ),
    )
    config = DPOConfig(
        **_common(model, options, seed, folder, len(pairs), 1),
        learning_rate=options.learning_rate / 4,
        beta=0.1,
        loss_type=["sigmoid", "sft"],
        loss_weights=[1.0, 1.0],
    )
    watch = _Watch(report)
    trainer = _Preference(
        model=model,
        args=config,
        train_dataset=data,
        processing_class=loaded.tokenizer,
        callbacks=[watch],
    )
    _run(trainer, watch, folder)


def _common(
    model: Any, options: Options, seed: int, folder: Path, examples: int, passes: int
) -> dict[str, Any]:
    batch = options.batch * options.accumulate
    steps = max(1, math.ceil(examples * passes / batch))
    return {
        **run_settings(
            model,
            folder,
            device=options.device,
            dtype=options.dtype,
            seed=seed,
            every=options.checkpoint_every,
        ),
        "per_device_train_batch_size": options.batch,
        "gradient_accumulation_steps": min(options.accumulate, math.ceil(examples / options.batch)),
        "num_train_epochs": passes,
        "max_length": None,
        "lr_scheduler_type": "cosine",
        "warmup_steps": min(20, steps // 10),
        "logging_steps": options.checkpoint_every,
    }


def _run(trainer: Any, watch: _Watch, folder: Path) -> None:
    trainer.watch = watch
    train_on(trainer, folder)


def check_learnt_something(model: Any) -> None:
    """Raise unless the adapter differs from the zero it started as.

    Raises:
        GaugeblockError: no weight has moved: no gradient reached the adapter.
    """
    moved = [
        bool((parameter != 0).any())
        for name, parameter in model.named_parameters()
        if "lora_B" in name and ".ref." not in name
    ]
    if not any(moved):
        raise GaugeblockError(
            "no gradient reached the adapter, so nothing was learnt",
            where="fine-tuning",
            remedy="Report this architecture: its kernels may read weights past their layers",
        )
