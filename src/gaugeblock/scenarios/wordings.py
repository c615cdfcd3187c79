"""Texts with slots, in wordings that are trained on and wordings that are kept from training."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import Field

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.scenarios.types import Split


class Wordings(Record):
    """Wordings of one phrase: those that adapters are trained on, and those kept from them."""

    train: tuple[str, ...] = Field(min_length=1)
    held_out: tuple[str, ...] = Field(min_length=1)

    def of(self, split: Split) -> tuple[str, ...]:
        """Return the wordings of a split."""
        return self.train if split == "train" else self.held_out


def slots(text: str, *, field: str, where: Path | str) -> set[str]:
    """Return the names of the ``{slots}`` of a text; ``field`` and ``where`` name it in errors.

    Raises:
        GaugeblockError: if its braces do not balance.
    """
    try:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise GaugeblockError(
            f"field '{field}': braces do not balance in '{text[:40]}'", where=where
        ) from error


def check_levels(
    mapping: Mapping[Any, object], factor: Any, *, field: str, where: Path | str
) -> None:
    """Raise if a mapping lacks a level of a factor or has one that the factor does not know.

    Args:
        mapping: level to anything.
        factor: the ``Literal`` that lists the levels.
        field: name of the mapping in the file.
        where: the file.

    Raises:
        GaugeblockError: naming the levels at fault.
    """
    known = get_args(factor)
    missing = [level for level in known if level not in mapping]
    unknown = sorted(str(level) for level in mapping if level not in known)
    if missing or unknown:
        problem = f"unknown level {unknown}" if unknown else f"missing level {missing}"
        raise GaugeblockError(
            f"field '{field}': {problem}", where=where, remedy=f"Levels: {', '.join(known)}"
        )
