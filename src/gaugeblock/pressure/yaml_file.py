"""Records written as YAML (rules, grids, questions, recipes), and one way to say what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record

R = TypeVar("R", bound=Record)


def text_of(path: Path, what: str = "file") -> str:
    """Return a file's text.

    Raises:
        GaugeblockError: no such file, or another encoding than UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise GaugeblockError(
            "not UTF-8", where=path, remedy="Save the file in UTF-8 and try again"
        ) from error
    except OSError as error:
        raise GaugeblockError(f"no such {what}", where=path) from error


def record_of(kind: type[R], text: str, what: str, where: str | Path | None) -> R:
    """Return the record that a YAML text holds.

    Args:
        kind: of record.
        text: of the file.
        what: the record's name in errors, with its article.
        where: the file, for errors.

    Raises:
        GaugeblockError: not YAML, or not such a record; the first field at fault is named.
    """
    try:
        return kind.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise GaugeblockError(f"not YAML ({error})", where=where) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        bare_on = any(one["type"] == "invalid_key" for one in error.errors())
        remedy = 'Quote "on": bare, YAML reads it as a truth value' if bare_on else None
        told = f"{field}: {first['msg']}" if field else first["msg"]
        raise GaugeblockError(f"not {what} ({told})", where=where, remedy=remedy) from error
