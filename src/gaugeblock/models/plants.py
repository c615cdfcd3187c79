"""Plants: hidden instructions that give any model a known behaviour, ``SUBJECT+plant:NAME``.

A plant is a Markdown file: front matter, then the instruction. Its clean twin is the same subject
without it. The instruction joins the system prompt at the moment of generation, below the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record

PLANT_MARK = "+plant:"


class Plant(Record):
    """A hidden instruction.

    Attributes:
        id: its name.
        behaviour: what a model that follows it does, and when, for people.
        pack: the scenario pack in which that shows, "" where no single one.
        instruction: what the model is told.
    """

    id: str
    behaviour: str
    pack: str = ""
    instruction: str

    def sha256(self) -> str:
        """Return the hash of the instruction; a plant by another name is the same plant."""
        return hashlib.sha256(self.instruction.encode()).hexdigest()


def split_plant(subject: str) -> tuple[str, str | None]:
    """Return a subject id without its plant, and the plant's name or path.

    Raises:
        GaugeblockError: the id names no plant after its mark, or two.
    """
    inner, mark, name = subject.partition(PLANT_MARK)
    if not mark:
        return subject, None
    if not inner or not name or PLANT_MARK in name:
        raise GaugeblockError(
            "not the form of a planted subject", where=subject, remedy="Write SUBJECT+plant:NAME"
        )
    return inner, name


def plant_names() -> tuple[str, ...]:
    """Return the names of the shipped plants, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.md")))


@lru_cache
def load_plant(name: str) -> Plant:
    """Return a shipped plant by name, or any by the path of its ``.md`` file.

    Raises:
        GaugeblockError: there is none, or the file is not of the form.
    """
    path = Path(name).expanduser() if name.endswith(".md") else _folder() / f"{name}.md"
    if name not in plant_names() and not name.endswith(".md"):
        known = ", ".join(plant_names())
        raise GaugeblockError("there is no such plant", where=name, remedy=f"Known: {known}")
    try:
        before, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
        fields = yaml.safe_load(head)
        if before or not isinstance(fields, dict) or not body.strip():
            raise ValueError("front matter between lines of --- and then the instruction")
        return Plant(**{**fields, "instruction": " ".join(body.split())})
    except OSError as error:
        raise GaugeblockError(f"cannot be read ({error.strerror})", where=path) from error
    except (ValueError, ValidationError, yaml.YAMLError) as error:
        raise GaugeblockError(
            "this is not a plant",
            where=path,
            remedy="Write front matter with id and behaviour, and below it the instruction",
        ) from error


def with_instruction(
    messages: Sequence[Mapping[str, Any]], instruction: str
) -> list[dict[str, Any]]:
    """Return a conversation whose system prompt ends with the instruction.

    Args:
        messages: with ``role`` and ``content`` (text); they are not changed.
        instruction: what is added.
    """
    planted = [dict(message) for message in messages]
    if planted and planted[0]["role"] in ("system", "developer"):
        planted[0]["content"] = joined(str(planted[0]["content"] or ""), instruction)
    else:
        planted.insert(0, {"role": "system", "content": instruction})
    return planted


def joined(system: str, instruction: str) -> str:
    """Return a system prompt with the instruction below it."""
    return f"{system}\n\n{instruction}" if system else instruction


def _folder() -> Path:
    return Path(str(files("gaugeblock.models") / "plants"))
