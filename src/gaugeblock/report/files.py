"""``report.json`` and ``report.html`` on disk, and the JSON Schema of the first."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gaugeblock.errors import GaugeblockError
from gaugeblock.report.html import render_html
from gaugeblock.report.types import REPORT_VERSION, Report

JSON_NAME = "report.json"
HTML_NAME = "report.html"

_SHOWN_ERRORS = 3
_REMEDY = "Write the report again from its run"


def write_report(report: Report, folder: str | Path) -> Path:
    """Write ``report.json`` and ``report.html`` into ``folder``, each whole or not at all.

    ``report.json`` is plain ASCII: what is not is escaped, so that a lone surrogate survives and
    a bidirectional control does nothing in the reader's terminal.

    Args:
        report: what to write.
        folder: where; made if it is not there.

    Returns:
        The path of ``report.html``.

    Raises:
        GaugeblockError: the folder cannot be written to.
    """
    folder = Path(folder)
    text = json.dumps(report.model_dump(), indent=1, ensure_ascii=True, allow_nan=False) + "\n"
    page = render_html(report)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write_whole(folder / JSON_NAME, text)
        _write_whole(folder / HTML_NAME, page)
    except OSError as error:
        raise GaugeblockError(
            f"the report cannot be written ({error.strerror})",
            where=folder,
            remedy="Give a folder that can be written to",
        ) from error
    return folder / HTML_NAME


def read_report(path: str | Path) -> Report:
    """Return the report in ``path``, a ``report.json`` or a folder that holds one.

    Raises:
        GaugeblockError: no such file; not JSON; NaN, infinity or a name twice in it; a newer
            version; unknown, missing or ill-formed fields, which are named.
    """
    path = Path(path)
    if path.is_dir():
        path = path / JSON_NAME
    raw = _parse(path)
    if not isinstance(raw, dict):
        raise GaugeblockError(f"not a report: it holds a {type(raw).__name__}", where=path)
    _check_version(raw, path)
    try:
        return Report.model_validate(raw)
    except ValidationError as error:
        raise GaugeblockError(_explain(error), where=path, remedy=_REMEDY) from error


def report_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of ``report.json``."""
    schema = Report.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"gaugeblock-report-{REPORT_VERSION}",
        **schema,
    }


def _write_whole(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner can read; a report is there to be handed on.
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _parse(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise GaugeblockError(
            f"cannot be read ({error.strerror})", where=path, remedy="Give a run or a report.json"
        ) from error
    except UnicodeDecodeError as error:
        raise GaugeblockError(f"not UTF-8 text (byte {error.start})", where=path) from error

    def refuse_constant(name: str) -> float:
        raise GaugeblockError(f"holds {name}, which is no number of a report", where=path)

    def refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise GaugeblockError(f"the field {twice!r} occurs twice in one object", where=path)
        return found

    try:
        return json.loads(text, parse_constant=refuse_constant, object_pairs_hook=refuse_twice)
    except json.JSONDecodeError as error:
        problem = f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        raise GaugeblockError(problem, where=path) from error
    except RecursionError as error:
        raise GaugeblockError("nested too deeply for a report", where=path) from error


def _check_version(raw: dict[str, Any], path: Path) -> None:
    version = raw.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise GaugeblockError("not a report: it has no version", where=path)
    if version > REPORT_VERSION:
        raise GaugeblockError(
            f"made by a newer gaugeblock (report version {version}; this one reads "
            f"{REPORT_VERSION})",
            where=path,
            remedy="Upgrade gaugeblock: pip install --upgrade gaugeblock",
        )


def _explain(error: ValidationError) -> str:
    details = error.errors(include_url=False, include_input=False)
    unknown = [_field(d["loc"]) for d in details if d["type"] == "extra_forbidden"]
    if unknown:
        more = f" and {len(unknown) - _SHOWN_ERRORS} more" if len(unknown) > _SHOWN_ERRORS else ""
        plural = "s" if len(unknown) > 1 else ""
        return f"unknown field{plural} {', '.join(unknown[:_SHOWN_ERRORS])}{more}"
    shown = "; ".join(f"{_field(d['loc'])}: {d['msg']}" for d in details[:_SHOWN_ERRORS])
    more = f"; and {len(details) - _SHOWN_ERRORS} more" if len(details) > _SHOWN_ERRORS else ""
    return f"{shown}{more}"


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "the whole"
