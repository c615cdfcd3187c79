"""Loaded models and their batch workers, shared by all who talk to one subject in a process."""

from __future__ import annotations

import threading
from typing import Any, cast

from gaugeblock.models.backend import ChatBackend
from gaugeblock.models.batching import BatchWorker
from gaugeblock.models.loading import load_subject
from gaugeblock.models.speakers import chat_backend
from gaugeblock.models.subjects import sides

Key = tuple[str, str, str, int, int, bool]
"""Subject id, device, dtype, threads, rows of a batch, and whether the model's own code is run."""

_workers: dict[Key, tuple[BatchWorker, int]] = {}
_lock = threading.Lock()


def open_backend(key: Key) -> ChatBackend:
    """Return a subject to talk to; its weights are loaded once, however many ask for them.

    Raises:
        GaugeblockError: the subject does not load.
    """
    opened: list[Key] = []
    try:
        workers = []
        for one in _keys(key):
            workers.append(_share(one))
            opened.append(one)
    except BaseException:
        for one in opened:
            _release(one)
        raise
    return chat_backend(key[0], workers)


def close_backend(key: Key) -> None:
    """Let go of a subject; its weights leave memory with the last who uses them."""
    for one in _keys(key):
        _release(one)


def _keys(key: Key) -> list[Key]:
    return [(side, *key[1:]) for side in sides(key[0])]


def _share(key: Key) -> BatchWorker:
    with _lock:
        worker, users = _workers.get(key, (None, 0))
        if worker is None:
            subject, device, dtype, threads, max_batch, trust = key
            loaded = load_subject(
                subject,
                device=device,
                dtype=cast(Any, dtype),
                threads=threads,
                trust_remote_code=trust,
            )
            worker = BatchWorker(loaded, max_batch=max_batch)
        _workers[key] = (worker, users + 1)
        return worker


def _release(key: Key) -> None:
    with _lock:
        worker, users = _workers[key]
        if users > 1:
            _workers[key] = (worker, users - 1)
            return
        del _workers[key]
    worker.close()
