"""Markdown with YAML front matter: how scenarios, clauses and rubrics are written down."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from gaugeblock.errors import GaugeblockError

R = TypeVar("R", bound=BaseModel)


def read_text(path: Path) -> str:
    """Return a UTF-8 file's text.

    Raises:
        GaugeblockError: if the file is missing, unreadable or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise GaugeblockError("there is no such file", where=path) from error
    except UnicodeDecodeError as error:
        raise GaugeblockError(
            f"byte {error.start} is not UTF-8", where=path, remedy="Save the file as UTF-8"
        ) from error
    except OSError as error:
        raise GaugeblockError(f"cannot be read ({error.strerror})", where=path) from error


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping a YAML file holds.

    Raises:
        GaugeblockError: if it is not YAML or not a mapping.
    """
    return parse_yaml(read_text(path), where=path)


def parse_yaml(text: str, *, where: Path | str) -> dict[str, Any]:
    """Return the mapping in a YAML text; ``where`` names it in errors."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark is not None else ""
        raise GaugeblockError(f"this is not valid YAML{line}", where=where) from error
    if not isinstance(value, dict):
        raise GaugeblockError("a mapping is expected at the top level", where=where)
    return value


def split_front_matter(text: str, *, where: Path | str) -> tuple[dict[str, Any], str]:
    """Return the front matter and the body of a Markdown text.

    Raises:
        GaugeblockError: if the text does not open with a ``---`` block that is closed.
    """
    lines = text.splitlines()
    if not lines or lines[0].strip() != "---":
        raise GaugeblockError(
            "the front matter is missing", where=where, remedy="Open the file with a line '---'"
        )
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() == "---":
            head = parse_yaml("\n".join(lines[1:number]), where=where)
            return head, "\n".join(lines[number + 1 :]).strip()
    raise GaugeblockError(
        "the front matter is not closed", where=where, remedy="Close it with a line '---'"
    )


def validate(model: type[R], value: object, *, where: Path | str) -> R:
    """Return ``value`` as a record, naming the first field at fault.

    Raises:
        GaugeblockError: if a field is missing, unknown or of the wrong kind.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "(top level)"
        raise GaugeblockError(
            f"field '{field}': {first['msg']}",
            where=where,
            remedy=f"{error.error_count()} field(s) need mending",
        ) from error
