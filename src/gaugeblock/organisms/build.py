"""Build the shipped organisms from their recipes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from gaugeblock.errors import GaugeblockError
from gaugeblock.organisms.recipes import load_recipe, recipe_names

BASE = "base"
Report = Callable[[int, int, float], None]


def shipped_weights() -> Path:
    """Return the package's own folder of weights."""
    return Path(__file__).resolve().parent.parent / "weights"


def weights_name(recipe: str, training_seed: int) -> str:
    """Return the folder name of an organism's weights: seed 0 has no suffix."""
    return recipe if training_seed == 0 else f"{recipe}.s{training_seed}"


def build(
    name: str, out: Path, *, training_seed: int = 0, threads: int = 1, report: Report | None = None
) -> Path:
    """Build the base or one organism and put its weights under ``out``.

    What was there is replaced only when the new weights are complete.

    Args:
        name: "base" or a recipe's name.
        out: folder that holds one folder of weights per name.
        training_seed: of data, initialisation and order.
        threads: torch threads; the last bits depend on it.
        report: called with step, number of steps and loss.

    Returns:
        The folder of the weights.

    Raises:
        GaugeblockError: no such recipe, or a training seed for the base.
    """
    show = report or (lambda step, steps, loss: None)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out, prefix=".building-") as folder:
        partial = Path(folder) / "weights"
        if name == BASE:
            from gaugeblock.organisms.pretrain import base_recipe, build_base

            if training_seed:
                raise GaugeblockError(
                    "the base has one training seed", where=name, remedy="Leave --training-seed out"
                )
            build_base(base_recipe(), partial, show, threads)
        else:
            from gaugeblock.organisms.adapters import build_adapter

            build_adapter(load_recipe(name), training_seed, partial, show, threads)
        target = out / weights_name(name, training_seed)
        if target.exists():
            shutil.rmtree(target)
        partial.replace(target)
    return target


def everything() -> tuple[str, ...]:
    """Return the names that ``build --all`` builds, in order: the base first."""
    return (BASE, *recipe_names())
