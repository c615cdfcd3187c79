"""What every training here has around TRL's trainer: settings, resuming, and a stop at NaN.

TRL writes a checkpoint every so many steps into a folder; a training that is started again goes on
from the last one that is whole. Only safetensors leave this package: TRL's checkpoints, which hold
pickles of its own, are deleted when the model is complete.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, TrainerCallback

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record

LARGE = 200_000_000
"""Parameters from which activations are computed again: below, memory is not short."""


class FiniteGradients(TrainerCallback):  # type: ignore[misc]
    """Refuses a step on gradients that are not finite, which would be saved as if it were one."""

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Look at the gradients.

        Raises:
            FloatingPointError: one is not finite.
        """
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


def run_settings(
    model: Any, folder: Path, *, device: str, dtype: str, seed: int, every: int
) -> dict[str, Any]:
    """Return the settings of TRL's trainers that do not depend on what is learnt.

    Args:
        model: what is trained.
        folder: of the checkpoints.
        device: ``cpu`` or ``cuda``.
        dtype: of the base's weights.
        seed: of initialisation and order.
        every: steps between two checkpoints.
    """
    size = sum(parameter.numel() for parameter in model.parameters())
    return {
        "output_dir": str(folder),
        "save_strategy": "steps",
        "save_steps": every,
        "save_total_limit": 2,
        "report_to": "none",
        "disable_tqdm": True,
        "seed": seed % 2**31,
        "use_cpu": device == "cpu",
        "bf16": device != "cpu" and dtype == "bfloat16",
        "dataloader_pin_memory": device != "cpu",
        "gradient_checkpointing": size > LARGE
        and bool(getattr(model, "supports_gradient_checkpointing", False)),
    }


def train_on(trainer: Any, folder: Path) -> None:
    """Train to the end, from the last whole checkpoint if there is one."""
    # Its own printing of logs would break into the progress bar.
    trainer.remove_callback(PrinterCallback)
    whole = last_checkpoint(folder)
    trainer.train(resume_from_checkpoint=str(whole) if whole else None)


def last_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end, or None.

    The trainer's state is the last file of a checkpoint, so a kill amid writing leaves it out or
    cut short.
    """
    found = sorted(
        folder.glob("checkpoint-*"), key=lambda one: int(one.name.rpartition("-")[2]), reverse=True
    )
    for checkpoint in found:
        try:
            json.loads((checkpoint / "trainer_state.json").read_text())
        except (OSError, ValueError):
            continue
        return checkpoint
    return None


def take_up(folder: Path, name: str, order: Record, remedy: str) -> None:
    """Make the folder of a training, or find it begun by the same order.

    Args:
        folder: of the training.
        name: of the file in it that holds the order.
        order: everything that decides the result.
        remedy: what to do about a folder with another training.

    Raises:
        GaugeblockError: another training is in it.
    """
    text = order.model_dump_json(indent=1)
    said = folder / name
    if said.is_file() and said.read_text(encoding="utf-8") != text:
        raise GaugeblockError("another training is in this folder", where=folder, remedy=remedy)
    folder.mkdir(parents=True, exist_ok=True)
    said.write_text(text, encoding="utf-8")
