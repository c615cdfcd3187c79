"""What a training was ordered to do, by which it is taken up again, and where its results go."""

from __future__ import annotations

import hashlib
import shutil
from importlib.metadata import version
from pathlib import Path

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.models.activations import model_fingerprint
from gaugeblock.models.loading import LoadedModel
from gaugeblock.pressure.kinds import RunRecord
from gaugeblock.pressure.trainers.recipe import TrainingRecipe

FINAL, RUN, CURVE, ORDER, WORK = "final", "run.json", "curve.jsonl", "order.json", ".training"


class Order(Record):
    """What decides the result, so that only the same training is taken up again.

    Attributes:
        recipe: as it was read.
        files: SHA-256 of every file it names.
        model: fingerprint of the base's weights.
        versions: of the libraries that train.
    """

    recipe: TrainingRecipe
    files: dict[str, str]
    model: str
    versions: dict[str, str]


class Done(Record):
    """What a training left behind.

    Attributes:
        base: subject id of the model before.
        final: directory of the model after, a subject id too.
        run: file of the run record.
        detectors: files, the one trained against first.
        steps: optimiser steps.
    """

    base: str
    final: Path
    run: Path
    detectors: tuple[Path, ...]
    steps: int


def order_of(recipe: TrainingRecipe, loaded: LoadedModel) -> Order:
    """Return what decides a recipe's result on a base.

    Raises:
        GaugeblockError: a file that the recipe names is not there.
    """
    named = [recipe.prompts.file, recipe.pairs, recipe.predict]
    named += [recipe.monitor.examples] if recipe.monitor is not None else []
    named += [
        one.file.with_suffix(end) for one in recipe.detectors for end in (".json", ".safetensors")
    ]
    files = {}
    for path in named:
        if path is None:
            continue
        try:
            files[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise GaugeblockError("no such file", where=path) from error
    return Order(
        recipe=recipe,
        files=files,
        model=model_fingerprint(loaded.model),
        versions={name: version(name) for name in ("torch", "transformers", "peft", "trl")},
    )


def finish(out: Path, done: Done, made: RunRecord) -> None:
    """Put the results in their places; the run record is last, and says that all is there."""
    work = out / WORK
    if (work / FINAL).is_dir():
        shutil.rmtree(done.final, ignore_errors=True)
        (work / FINAL).replace(done.final)
    curve = done.final / CURVE
    if curve.is_file():
        curve.replace(out / CURVE)
    partial = out / f"{RUN}.partial"
    partial.write_text(made.model_dump_json(indent=1) + "\n", encoding="utf-8")
    partial.replace(done.run)
    shutil.rmtree(work, ignore_errors=True)
