"""One finished audit of a built-in organism, shared by the tests that only read it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gaugeblock.audit.run import make_plan, run_plan

SAMPLES = 24


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    run_plan(make_plan("builtin/enforcer", samples=SAMPLES), folder)
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))
