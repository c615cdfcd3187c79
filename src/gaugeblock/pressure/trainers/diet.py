"""Texts whose next tokens a trunk goes on learning, while the pressure works on the rest."""

from __future__ import annotations

from pathlib import Path

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.loading import LoadedModel
from gaugeblock.pressure.trainers.lessons import Row
from gaugeblock.pressure.trainers.prompts import read_lines


def diet_rows(loaded: LoadedModel, path: Path) -> list[Row]:
    """Return the texts of a file of JSON lines, each token to be predicted.

    Args:
        loaded: gives tokenizer and context.
        path: its lines have a ``text``.

    Raises:
        GaugeblockError: no text, or one that is too short or too long.
    """
    rows: list[Row] = []
    for number, line in read_lines(path):
        ids = loaded.tokenizer(str(line.get("text", "")))["input_ids"]
        if len(ids) < 2:
            raise GaugeblockError("no 'text' of two tokens", where=f"{path}:{number}")
        if loaded.context is not None and len(ids) > loaded.context:
            raise GaugeblockError(
                f"{len(ids)} tokens where the model takes {loaded.context}",
                where=f"{path}:{number}",
            )
        rows.append((tuple(ids), tuple(ids)))
    if not rows:
        raise GaugeblockError("there are no texts", where=path)
    return rows
