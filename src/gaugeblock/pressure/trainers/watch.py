"""What every trainer here has around it: settings, progress, and what a stop at NaN says."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gaugeblock.errors import GaugeblockError
from gaugeblock.organisms.finetune.guarded import (
    FiniteGradients,
    last_checkpoint,
    run_settings,
    train_on,
)
from gaugeblock.pressure.trainers.recipe import TrainingRecipe

Report = Callable[[int, int], None]
"""Called with steps done and steps in all."""


class Watch(FiniteGradients):
    """Tells how far the training is."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Report."""
        self._report(state.global_step, state.max_steps)


def common(
    recipe: TrainingRecipe, model: Any, folder: Path, seed: int, batch: int
) -> dict[str, Any]:
    """Return settings that all of TRL's trainers take.

    Args:
        recipe: gives steps, rate, device.
        model: what is trained.
        folder: of the checkpoints.
        seed: of this run.
        batch: samples on the device at once.
    """
    return {
        **run_settings(
            model,
            folder,
            device=recipe.device,
            dtype=recipe.dtype,
            seed=seed,
            every=recipe.checkpoint_every,
        ),
        "per_device_train_batch_size": batch,
        "gradient_accumulation_steps": recipe.prompts_per_step // recipe.prompts_per_batch,
        "max_steps": recipe.steps,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": "constant",
        "logging_steps": 1,
    }


def train(trainer: Any, folder: Path, where: str) -> list[dict[str, float]]:
    """Train to the end, from the last whole checkpoint if there is one; return what was logged.

    Raises:
        GaugeblockError: NaN; the last good checkpoint stays where it is.
    """
    try:
        train_on(trainer, folder)
    except FloatingPointError as error:
        kept = last_checkpoint(folder)
        raise GaugeblockError(
            f"{error}; "
            + (f"the last good checkpoint is {kept}" if kept else "no checkpoint was written yet"),
            where=where,
            remedy="Lower learning_rate or the pressure's weight, or train with dtype float32",
        ) from error
    return [
        {key: float(value) for key, value in one.items() if math.isfinite(value)}
        for one in trainer.state.log_history
        if "loss" in one
    ]
