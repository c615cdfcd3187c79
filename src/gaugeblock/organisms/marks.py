"""The file beside an organism's weights that says what they are (``organism.json``)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gaugeblock.models.weight_files import ORGANISM_FILE
from gaugeblock.organisms.recipes import Recipe


def write_mark(folder: Path, recipe: Recipe, training_seed: int, **more: Any) -> None:
    """Write who an organism is beside its weights: its recipe, clean twin, pack and seed.

    ``twin`` is what the strength dial goes by. Nothing that is read here decides a token.
    """
    mark = {
        "recipe": recipe.id,
        "twin": recipe.twin,
        "pack": recipe.pack,
        "training_seed": training_seed,
        **more,
    }
    (folder / ORGANISM_FILE).write_text(json.dumps(mark, indent=1) + "\n", encoding="utf-8")
