"""Loaded models and their batch workers, shared by all who talk to one subject in a process."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, cast

from gaugeblock.models.backend import ChatBackend
from gaugeblock.models.batching import BatchWorker
from gaugeblock.models.loading import load_subject
from gaugeblock.models.speakers import chat_backend
from gaugeblock.models.subjects import sides, subject_files
from gaugeblock.models.weight_files import SubjectFiles

Key = tuple[str, str, str, int, int, bool]
"""Subject id, device, dtype, threads, rows of a batch, and whether the model's own code is run."""

Held = tuple[SubjectFiles, tuple[Any, ...]]
"""Loaded weights: by their files and not by a name, which may come to mean other files."""

_workers: dict[Held, tuple[BatchWorker, int]] = {}
_lock = threading.Lock()


def open_backend(key: Key) -> tuple[ChatBackend, tuple[Held, ...]]:
    """Return a subject to talk to, and what to close it by; weights are loaded once for all.

    Raises:
        GaugeblockError: the subject does not load.
    """
    held: list[Held] = []
    try:
        workers = []
        for side in _sides(key):
            worker, one = _share(side)
            workers.append(worker)
            held.append(one)
        return chat_backend(key[0], workers), tuple(held)
    except BaseException:
        close_backend(held)
        raise


def close_backend(held: Sequence[Held]) -> None:
    """Let go of a subject; its weights leave memory with the last who uses them."""
    for one in held:
        _release(one)


def _sides(key: Key) -> list[Key]:
    return [(side, *key[1:]) for side in sides(key[0])]


def _share(key: Key) -> tuple[BatchWorker, Held]:
    subject, device, dtype, threads, max_batch, trust = key
    held = (subject_files(subject), key[1:])
    with _lock:
        worker, users = _workers.get(held, (None, 0))
        if worker is None:
            loaded = load_subject(
                subject,
                device=device,
                dtype=cast(Any, dtype),
                threads=threads,
                trust_remote_code=trust,
            )
            worker = BatchWorker(loaded, max_batch=max_batch)
        _workers[held] = (worker, users + 1)
        return worker, held


def _release(held: Held) -> None:
    with _lock:
        worker, users = _workers[held]
        if users > 1:
            _workers[held] = (worker, users - 1)
            return
        del _workers[held]
    worker.close()
