"""Recompute every number of a run from its logs and name the first that differs."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from gaugeblock.audit.plan import read_plan
from gaugeblock.audit.run import rebuild
from gaugeblock.errors import VerificationError
from gaugeblock.report import read_report, render_html
from gaugeblock.report.types import Report


def verify(run: str | Path) -> Report:
    """Check a run directory: hashes, then every number, then the page.

    Returns:
        The report, when everything agrees.

    Raises:
        VerificationError: naming the file or the first field that differs.
        GaugeblockError: the directory or a file in it cannot be read.
    """
    folder = Path(run)
    recorded = read_report(folder / "report.json")
    _check_files(recorded, folder)
    again = rebuild(read_plan(folder), folder)
    difference = first_difference(
        json.loads(recorded.model_dump_json()), json.loads(again.model_dump_json())
    )
    if difference is not None:
        where, was, now = difference
        raise VerificationError(
            f"'{where}' is recorded as {_short(was)}, but the logs give {_short(now)}",
            where=folder / "report.json",
        )
    page = (folder / "report.html").read_bytes()
    if page != render_html(recorded).encode("utf-8", "surrogatepass"):
        raise VerificationError(
            "the page is not what report.json gives", where=folder / "report.html"
        )
    return recorded


def _check_files(report: Report, folder: Path) -> None:
    for name, digest in report.provenance.items():
        path = folder / name
        if not path.is_file():
            raise VerificationError("the file is gone", where=path)
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise VerificationError("the file has changed since the report was made", where=path)


def first_difference(was: Any, now: Any, where: str = "") -> tuple[str, Any, Any] | None:
    """Return path and values of the first place where two JSON values differ, None if nowhere."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in [*was, *(key for key in now if key not in was)]:
            if key not in was or key not in now:
                return f"{where}.{key}".strip("."), was.get(key), now.get(key)
            found = first_difference(was[key], now[key], f"{where}.{key}".strip("."))
            if found is not None:
                return found
        return None
    if isinstance(was, list) and isinstance(now, list):
        for index, (one, other) in enumerate(zip(was, now, strict=False)):
            found = first_difference(one, other, f"{where}[{index}]")
            if found is not None:
                return found
        return None if len(was) == len(now) else (f"{where} (length)", len(was), len(now))
    return None if was == now and type(was) is type(now) else (where, was, now)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 80 else f"{text[:80]}..."
