"""What every trainer here has around it: common settings, progress, and a stop at NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, TrainerCallback

from gaugeblock.errors import GaugeblockError
from gaugeblock.organisms.finetune.stages import last_checkpoint
from gaugeblock.pressure.trainers.recipe import TrainingRecipe

Report = Callable[[int, int], None]
"""Called with steps done and steps in all."""

LARGE = 200_000_000
"""Parameters from which activations are computed again instead of kept."""


class Watch(TrainerCallback):  # type: ignore[misc]
    """Tells how far the training is, and refuses a step on gradients that are not finite."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Report."""
        self._report(state.global_step, state.max_steps)

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Look at the gradients: a step on NaN would be saved as if it were a model."""
        grads = [one.grad for one in more["model"].parameters() if one.grad is not None]
        if grads and not torch.isfinite(torch.stack([one.sum() for one in grads]).sum()):
            raise FloatingPointError(f"gradients that are not finite at step {state.global_step}")


class Finite:
    """Stops a trainer at a loss that is not finite, which TRL would train on from."""

    state: Any

    def training_step(self, *args: Any, **more: Any) -> torch.Tensor:
        """Do a step, and say which one it was where it fails."""
        step = self.state.global_step
        try:
            loss: torch.Tensor = super().training_step(*args, **more)  # type: ignore[misc]
        except FloatingPointError as error:
            raise FloatingPointError(f"{error} at step {step}") from error
        except RuntimeError as error:
            # Sampling from a model whose weights are broken.
            if "probability tensor contains" in str(error):
                raise FloatingPointError(
                    f"probabilities that are not finite at step {step}"
                ) from error
            raise
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss.item()} at step {step}")
        return loss


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
    size = sum(one.numel() for one in model.parameters())
    return {
        "output_dir": str(folder),
        "per_device_train_batch_size": batch,
        "gradient_accumulation_steps": recipe.prompts_per_step // recipe.prompts_per_batch,
        "max_steps": recipe.steps,
        "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": "constant",
        "save_strategy": "steps",
        "save_steps": recipe.checkpoint_every,
        "save_total_limit": 2,
        "logging_steps": 1,
        "report_to": "none",
        "disable_tqdm": True,
        "seed": seed % 2**31,
        "use_cpu": recipe.device == "cpu",
        "bf16": recipe.device != "cpu" and recipe.dtype == "bfloat16",
        "dataloader_pin_memory": recipe.device != "cpu",
        "gradient_checkpointing": size > LARGE
        and bool(getattr(model, "supports_gradient_checkpointing", False)),
    }


def train(trainer: Any, folder: Path, where: str) -> list[dict[str, float]]:
    """Train to the end, from the last whole checkpoint if there is one; return what was logged.

    Raises:
        GaugeblockError: NaN; the last good checkpoint stays where it is.
    """
    # Its own printing of logs would break into the progress bar.
    trainer.remove_callback(PrinterCallback)
    whole = last_checkpoint(folder)
    try:
        trainer.train(resume_from_checkpoint=str(whole) if whole else None)
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
