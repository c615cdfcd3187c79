"""report.json and report.html on disk."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gaugeblock.errors import GaugeblockError
from gaugeblock.report import Report, read_report, render_html, report_schema, write_report


@pytest.fixture(scope="module")
def written(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(report, tmp_path_factory.mktemp("run"))


def _changed(written: Path, tmp_path: Path, **changes: Any) -> Path:
    raw = json.loads((written.parent / "report.json").read_text())
    raw.update(changes)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(raw))
    return path


def test_what_is_written_is_read_back_even_lone_surrogates(report: Report, written: Path) -> None:
    assert read_report(written.parent) == report
    assert read_report(written.parent / "report.json") == report
    assert any("\ud800" in event.text for s in report.transcripts for event in s.transcript.events)


def test_the_page_follows_from_the_json_alone(written: Path) -> None:
    assert written.read_text(encoding="utf-8") == render_html(read_report(written.parent))


def test_only_the_two_files_are_left_and_the_json_is_ascii(written: Path) -> None:
    assert sorted(path.name for path in written.parent.iterdir()) == ["report.html", "report.json"]
    (written.parent / "report.json").read_bytes().decode("ascii")


def test_the_json_follows_its_schema(written: Path) -> None:
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    raw = json.loads((written.parent / "report.json").read_text())
    jsonschema.validate(raw, schema, cls=jsonschema.Draft202012Validator)
    raw["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError, match="surprise"):
        jsonschema.validate(raw, schema, cls=jsonschema.Draft202012Validator)


def test_a_newer_version_asks_for_an_upgrade(written: Path, tmp_path: Path) -> None:
    path = _changed(written, tmp_path, version=7, future_field={"x": 1})
    with pytest.raises(GaugeblockError, match=r"newer gaugeblock.*7.*Upgrade"):
        read_report(path)


@pytest.mark.parametrize("version", [None, "1", True, 0])
def test_without_a_version_it_is_no_report(written: Path, tmp_path: Path, version: object) -> None:
    with pytest.raises(GaugeblockError, match="no version"):
        read_report(_changed(written, tmp_path, version=version))


def test_unknown_fields_are_named(written: Path, tmp_path: Path) -> None:
    raw = json.loads((written.parent / "report.json").read_text())
    raw["ledger"]["lost"] = 3
    raw["extra"] = 1
    path = tmp_path / "report.json"
    path.write_text(json.dumps(raw))
    with pytest.raises(GaugeblockError, match=r"unknown fields ledger\.lost, extra"):
        read_report(path)


def test_a_wrong_value_is_named(written: Path, tmp_path: Path) -> None:
    with pytest.raises(GaugeblockError, match=r"subject: .*dictionary"):
        read_report(_changed(written, tmp_path, subject="enforcer"))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_no_number_is_not_a_number(written: Path, tmp_path: Path, number: str) -> None:
    text = (written.parent / "report.json").read_text()
    path = tmp_path / "report.json"
    path.write_text(text.replace('"detectable": 0.0247', f'"detectable": {number}'))
    with pytest.raises(GaugeblockError, match=number):
        read_report(path)


def test_a_number_too_large_is_refused(written: Path, tmp_path: Path) -> None:
    text = (written.parent / "report.json").read_text()
    path = tmp_path / "report.json"
    path.write_text(text.replace('"detectable": 0.0247', '"detectable": 1e999'))
    with pytest.raises(GaugeblockError, match=r"design\.detectable"):
        read_report(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "not JSON.*line 1"),
        (b"", "not JSON"),
        (b"[]", "holds a list"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"version": 1, "version": 1}', "'version' occurs twice"),
        (b"[" * 200_000, "nested too deeply"),
    ],
)
def test_other_files_are_refused_in_a_sentence(
    tmp_path: Path, content: bytes, problem: str
) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(GaugeblockError, match=problem):
        read_report(path)


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(GaugeblockError, match="No such file"):
        read_report(tmp_path)


def test_a_failed_write_leaves_the_old_report(report: Report, tmp_path: Path) -> None:
    old = tmp_path / "report.json"
    old.write_text("old")
    (tmp_path / "report.html").mkdir()
    with pytest.raises(GaugeblockError, match="cannot be written"):
        write_report(report, tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
