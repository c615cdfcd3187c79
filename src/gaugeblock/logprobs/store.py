"""A small store of earlier probes, one file of rows per endpoint and time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from gaugeblock.logprobs.rows import Recording, read_recording, write_recording


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("_")[:120] or "channel"


def latest(store: Path, name: str) -> Recording | None:
    """Return the latest recording of a source, or None if there is none.

    Raises:
        GaugeblockError: if the stored file is broken.
    """
    files = sorted((store / _slug(name)).glob("*.jsonl"))
    return read_recording(files[-1]) if files else None


def keep(store: Path, name: str, recording: Recording) -> Path:
    """Store a recording under the present time and return its path."""
    folder = store / _slug(name)
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    path = folder / f"{stamp}.jsonl"
    write_recording(path, recording)
    return path
