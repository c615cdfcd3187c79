"""The card of an organism that was built on a base of one's own."""

from __future__ import annotations

import tempfile
from pathlib import Path

from gaugeblock.calibration.card import OrganismCard, measured_card
from gaugeblock.calibration.runs import Progress
from gaugeblock.models.subjects import resolve_subject
from gaugeblock.organisms.finetune.untrained import untrained
from gaugeblock.organisms.recipes import Recipe
from gaugeblock.scenarios.types import Rendering


def card_of_build(
    adapter: Path,
    recipe: Recipe,
    base: str,
    *,
    rendering: Rendering,
    samples: int,
    progress: Progress = lambda stage, done, total: None,
) -> OrganismCard:
    """Measure an organism against its base, and its clean twin where that was built beside it.

    Args:
        adapter: the organism's directory.
        recipe: what it was built from.
        base: subject id of its base. Where it has no chat template, it is talked to in the one
            that the organism was trained in.
        rendering: how scenarios are written.
        samples: runs of the organism, and of the twin.
        progress: told of finished runs.
    """
    twin = adapter.parent / adapter.name.replace(recipe.id, recipe.twin or recipe.id, 1)
    has_twin = twin != adapter and (twin / "adapter_config.json").is_file()
    with tempfile.TemporaryDirectory() as folder:
        if not resolve_subject(base, chat=False).chat_template:
            base = str(untrained(adapter, Path(folder) / "base"))
        return measured_card(
            str(adapter.resolve()),
            recipe,
            base=base,
            twin=str(twin.resolve()) if has_twin else None,
            samples=samples,
            rendering=rendering,
            progress=progress,
        )
