"""Through the OpenAI-compatible server the labels are those of the in-process path."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gaugeblock.audit.collect import coded_runs
from gaugeblock.audit.run import make_plan, run_plan
from gaugeblock.transcripts import Transcript

SAMPLES = 24


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """Serve the enforcer on a free port of loopback and yield its base URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gaugeblock", "serve", "builtin/enforcer", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+(?:/v1)?", line):
                yield found.group().removesuffix("/v1") + "/v1"
                break
        else:
            pytest.fail("the server said no address")
    finally:
        process.terminate()
        process.wait()


def as_said(transcript: Transcript) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the events; of a call that cannot be read, and its answer, only that it is one.

    What is wrong with such a call is said by whoever parses it: the provider, or the client.
    """
    told: list[tuple[str, str, dict[str, Any]]] = []
    for event in transcript.events:
        unread = event.kind == "malformed_call" or bool(told and told[-1][0] == "malformed_call")
        told.append((event.kind, "" if unread else event.text, dict(event.arguments)))
    return told


def test_labels_at_temperature_zero_are_the_same(
    served: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPBACK_BASE_URL", served)
    monkeypatch.setenv("LOOPBACK_API_KEY", "none")
    labels = []
    events = []
    for subject in ("builtin/enforcer", "openai-api/loopback/builtin/enforcer"):
        plan = make_plan(subject, samples=SAMPLES, temperature=0.0, rendering="controlled")
        out = tmp_path / str(len(labels))
        run_plan(plan, out)
        runs = coded_runs(out, plan)
        labels.append([run.label for run in runs])
        events.append([as_said(run.transcript) for run in runs])
    assert labels[0] == labels[1]
    # Not the labels alone: reasoning, calls and words survive the wire.
    assert events[0] == events[1]
    assert len(set(labels[0])) >= 3
