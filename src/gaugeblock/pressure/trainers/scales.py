"""How far a detector's scores spread on answers of the base: the unit of a penalty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaugeblock.models.activations import record
from gaugeblock.models.loading import LoadedModel
from gaugeblock.pressure.trainers.dpo import sample
from gaugeblock.pressure.trainers.instruments import Instrument
from gaugeblock.pressure.trainers.prompts import Prompt
from gaugeblock.pressure.trainers.recipe import TrainingRecipe
from gaugeblock.pressure.trainers.sft import sft_rows

SAMPLES = 64
"""Answers of the base that a score's scale is measured on, and of a retry that is judged."""


def scaled(
    loaded: LoadedModel,
    instruments: list[Instrument],
    recipe: TrainingRecipe,
    prompts: Sequence[Prompt],
) -> list[Instrument]:
    """Set the scale of those detectors for which the recipe is silent, and return all."""
    silent = [
        one for one, use in zip(instruments, recipe.detectors, strict=False) if use.scale is None
    ]
    if not silent:
        return instruments
    some = prompts[:SAMPLES]
    if recipe.trainer == "sft":
        rows = [list(ids) for ids, _ in sft_rows(loaded, some)]
    else:
        each = max(1, SAMPLES // len(some))
        made = sample(loaded, some, None, recipe, each, recipe.seed)
        rows = [[*one.ids, *one.answer] for one in made]
    for one in silent:
        values = record(loaded, rows, [one.layer], one.pool).values[:, 0]
        spread = float(np.std(one.probe.score(values.astype(np.float64))))
        one.scale = spread if spread > 0 else 1.0
    return instruments
