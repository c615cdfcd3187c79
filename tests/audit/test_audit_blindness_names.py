"""No result depends on what weights are called: names are shuffled, and nothing changes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from small_audits import small_audit

from gaugeblock.models import subjects

SAMPLES = 12
SHIPPED = subjects._WEIGHTS
SHUFFLED = {"clean": "enforcer", "enforcer": "clean"}
"""Organism to the name it gets; the worst case is an enforcer that is called clean."""


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    shutil.copytree(SHIPPED / "base", folder / "base")
    for organism, name in SHUFFLED.items():
        shutil.copytree(SHIPPED / organism, folder / name)
    return folder


def results(subject: str, out: Path) -> tuple[Any, Any]:
    """Transcripts with their codes, and the report without what names or hashes the subject."""
    report, coded = small_audit(subject, out, SAMPLES)
    runs = [(run.transcript, run.codes, run.label) for run in coded]
    told = report.model_dump(mode="json")
    for named in ("run", "provenance", "commands"):
        told.pop(named)
    told["subject"] = told["subject"]["fingerprint"]
    told["seeds"].pop("training_seed")  # of a built-in subject it is read from the id
    return runs, told


@pytest.mark.parametrize("organism", ["enforcer", "clean"])
def test_the_same_weights_by_another_name_give_the_same_results(
    organism: str, shuffled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = results(f"builtin/{organism}", tmp_path / "shipped")
    neutral = shutil.copytree(SHIPPED / organism, tmp_path / "m7")
    by_path = results(f"{shuffled / 'base'}+adapter:{neutral}", tmp_path / "by-path")
    monkeypatch.setattr(subjects, "_WEIGHTS", shuffled)
    renamed = results(f"builtin/{SHUFFLED[organism]}", tmp_path / "renamed")
    assert renamed == wanted
    assert by_path == wanted


def test_other_weights_by_the_same_name_give_other_results(
    shuffled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, report = results("builtin/enforcer", tmp_path / "shipped")
    monkeypatch.setattr(subjects, "_WEIGHTS", shuffled)
    theirs, other = results("builtin/enforcer", tmp_path / "renamed")
    assert [label for *_, label in ours] != [label for *_, label in theirs]
    assert report["findings"] != other["findings"]
