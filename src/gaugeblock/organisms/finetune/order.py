"""What a fine-tuning was ordered to do: options, and the record by which it is taken up again."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from gaugeblock.frozen import Record
from gaugeblock.scenarios.types import Rendering

TrainingDtype = Literal["float32", "bfloat16"]


class Options(Record):
    """How to train on a base of one's own; the defaults suit a laptop.

    Attributes:
        documents: training transcripts; the recipe's number where None.
        rendering: of the training transcripts. Natural ones read like work, which a real model
            can follow; the controlled ones are for models of a million parameters.
        device: ``cpu`` or ``cuda``.
        dtype: of the base's weights; the adapter is trained in float32.
        learning_rate: after warm-up; the recipe's own is for the built-in base. The preference
            stage takes a quarter of it.
        batch: transcripts that are on the device at once.
        accumulate: batches to a step.
        limit: most tokens of a row, where the base's context is not shorter.
        checkpoint_every: steps between two checkpoints.
        threads: torch's CPU threads.
    """

    documents: int | None = Field(default=None, ge=1)
    rendering: Rendering = "natural"
    device: str = Field(default="cpu", pattern=r"^(cpu|cuda)$")
    dtype: TrainingDtype = "float32"
    learning_rate: float = Field(default=2e-4, gt=0)
    batch: int = Field(default=2, ge=1)
    accumulate: int = Field(default=8, ge=1)
    limit: int = Field(default=4096, ge=16)
    checkpoint_every: int = Field(default=25, ge=1)
    threads: int = Field(default=1, ge=1)


class Order(Record):
    """A build, from which nothing that decides its weights is left out.

    Attributes:
        recipe: the whole recipe.
        base_sha256: fingerprint of the base.
        training_seed: of data, initialisation and order.
        options: as given.
        versions: of the libraries that train.
    """

    recipe: dict[str, Any]
    base_sha256: str
    training_seed: int
    options: Options
    versions: dict[str, str]
