from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
REPORT = json.loads((ROOT / "docs" / "architectures.json").read_text())
KEY_FAMILIES = [
    "mixtral",
    "mamba",
    "mamba2",
    "falcon_mamba",
    "rwkv",
    "xlstm",
    "recurrent_gemma",
    "jamba",
    "lfm2",
    "qwen3_next",
    "bert",
]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "architectures", ROOT / "benchmarks" / "architectures.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", KEY_FAMILIES)
def test_the_family_passes_here_as_in_the_table(script: ModuleType, name: str) -> None:
    family = next(family for family in script.families() if family["name"] == name)
    row = script.tested(family)
    stored = next(row for row in REPORT["families"] if row["family"] == name)
    assert row["passed"], row["reason"]
    assert (row["blocks"], row["padding"]) == (stored["blocks"], stored["padding"])


def test_the_table_covers_every_family_and_eighteen_pass(script: ModuleType) -> None:
    names = [row["family"] for row in REPORT["families"]]
    assert names == [family["name"] for family in script.families()]
    passed = {row["family"] for row in REPORT["families"] if row["passed"]}
    assert len(passed) >= 18
    assert set(KEY_FAMILIES) <= passed
    assert all(row["reason"] for row in REPORT["families"] if not row["passed"])


def test_the_page_is_the_table_of_the_report(script: ModuleType) -> None:
    assert (ROOT / "docs" / "architectures.md").read_text() == script.table(REPORT)
