"""Kill -9 at any moment, same command again: nothing lost, nothing counted twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gaugeblock.audit.collect import samples
from gaugeblock.audit.verify import verify

SAMPLES = 60
COMMAND = [
    sys.executable,
    "-m",
    "gaugeblock",
    "audit",
    "builtin/enforcer",
    "--samples",
    str(SAMPLES),
    "--json",
]

KILLER = """
import os, signal, sys
from pathlib import Path
from gaugeblock.audit import execute
from gaugeblock.audit.run import make_plan, run_plan
execute.CONCURRENT = 4  # many small batches, so that the kill falls in the middle
def progress(stage, done, total):
    if stage == "run situations" and done >= int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
plan = make_plan("builtin/enforcer", samples=int(sys.argv[3]))
run_plan(plan, Path(sys.argv[1]), progress)
"""


@pytest.mark.slow
def test_a_killed_audit_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for moment in ("1", "45"):
        done = subprocess.run(
            [sys.executable, "-c", KILLER, str(killed), moment, str(SAMPLES)],
            capture_output=True,
            env=os.environ,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]
    kept = {sample.id for sample in samples(killed)}
    assert len(kept) >= 16, "finished samples must be on disk before the kill"

    resumed = _run(killed)
    fresh = _run(whole)
    assert resumed["ledger"] == fresh["ledger"]
    assert resumed["findings"] == fresh["findings"]
    assert resumed["ledger"]["attempted"] == SAMPLES
    assert verify(killed).ledger.failed == 0


def _run(folder: Path) -> dict[str, object]:
    done = subprocess.run(
        [*COMMAND, "--out", str(folder)], capture_output=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    value: dict[str, object] = json.loads(done.stdout)
    return value
