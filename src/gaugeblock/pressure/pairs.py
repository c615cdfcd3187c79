"""Forced pairs as data: one prompt, an honest beginning of an answer and a misbehaving one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, ValidationError, model_validator

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record


class Asked(Record):
    """A question about the answer, put after it.

    Attributes:
        question: as it stands after the answer.
        true: what the model says if its answer was true; begins with its white space.
        false: what it says if not.
    """

    question: str = Field(min_length=1)
    true: str = Field(min_length=1)
    false: str = Field(min_length=1)


class Pair(Record):
    """One line of a pairs file.

    Attributes:
        id: unique.
        prompt: text before the answer, as the model reads it (a chat template already applied).
        honest: beginning of an honest answer, with its white space.
        misbehaving: beginning of a misbehaving one.
        group: pairs of one group are not independent (one situation in several wordings); the id
            if left out.
        asked: question for the self-report; None where there is none.
    """

    id: str = Field(min_length=1)
    prompt: str = Field(min_length=1)
    honest: str = Field(min_length=1)
    misbehaving: str = Field(min_length=1)
    group: str = ""
    asked: Asked | None = None

    @model_validator(mode="after")
    def _apart(self) -> Pair:
        a, b = self.honest.strip(), self.misbehaving.strip()
        if a.startswith(b) or b.startswith(a):
            raise ValueError("one answer begins with the other, so they cannot be told apart")
        return self

    @property
    def unit(self) -> str:
        """The independent unit."""
        return self.group or self.id


def load_pairs(path: Path) -> list[Pair]:
    """Read a JSONL file of pairs.

    Raises:
        GaugeblockError: no such file, a line that is no pair, an id given twice.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise GaugeblockError("no such file", where=path) from error
    found: list[Pair] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(Pair.model_validate(json.loads(line)))
        except (ValidationError, json.JSONDecodeError) as error:
            reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
            raise GaugeblockError(
                f"not a pair ({reason})",
                where=f"{path} line {number}",
                remedy='Write {"id", "prompt", "honest", "misbehaving"} on each line',
            ) from error
    if len({pair.id for pair in found}) < len(found):
        raise GaugeblockError("an id is given twice", where=path)
    if not found:
        raise GaugeblockError("no pairs", where=path)
    return found


def save_pairs(path: Path, pairs: Sequence[Pair]) -> None:
    """Write what ``load_pairs`` reads."""
    lines = [pair.model_dump_json(exclude_defaults=True) for pair in pairs]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
