"""Write what was trained, whole or not at all."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from gaugeblock.models.subjects import BUILTIN_BASE
from gaugeblock.pressure.trainers.order import CURVE
from gaugeblock.pressure.trainers.recipe import TrainingRecipe


def save_final(
    trainer: Any,
    final: Path,
    curve: list[dict[str, float]],
    recipe: TrainingRecipe,
    tokenizer: Any,
    base_folder: Path,
) -> None:
    """Write model or adapter and the curve into ``final``, which appears when it is complete.

    Args:
        trainer: that has trained.
        final: directory to make.
        curve: one row per logged step.
        recipe: says whether all weights were trained, and on which base.
        tokenizer: goes beside whole weights.
        base_folder: where the base's files are; an adapter names them.
    """
    partial = final.with_name(final.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    model = trainer.accelerator.unwrap_model(trainer.model)
    if recipe.rank is None:
        weights = {name: value.detach().cpu() for name, value in model.state_dict().items()}
        model.save_pretrained(partial, state_dict=weights)
        tokenizer.save_pretrained(partial)
    else:
        hub = recipe.base.removeprefix("hf/")
        here = recipe.base == hub and recipe.base != BUILTIN_BASE
        model.peft_config["default"].base_model_name_or_path = (
            str(base_folder.resolve()) if here else hub
        )
        # Told to save no embeddings, it does not ask the hub for the base's vocabulary.
        model.save_pretrained(partial, selected_adapters=["default"], save_embedding_layers=False)
        (partial / "README.md").unlink(missing_ok=True)
    lines = "".join(json.dumps(one) + "\n" for one in curve)
    (partial / CURVE).write_text(lines, encoding="utf-8")
    partial.replace(final)
