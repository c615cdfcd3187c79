"""``gaugeblock pressure`` from the command line, to the JSON on disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from gaugeblock.cli.app import app
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.result import RESULT, load_audit, pressure_audit_schema


def run(*words: str):
    return CliRunner().invoke(app, ["pressure", *words])


@pytest.fixture(scope="module")
def rotated(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("rotated")
    done = run("example", "rotated", "--out", str(folder))
    assert done.exit_code == 0, done.output
    return folder


def test_an_example_is_audited_into_a_result_that_keeps_to_its_schema(rotated, tmp_path) -> None:
    done = run("audit", "--arrays", str(rotated), "--out", str(tmp_path), "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert (said["label"], said["monitor"]) == ("misbehaving, hidden", "direction lost")
    text = (tmp_path / RESULT).read_text(encoding="utf-8")
    jsonschema.validate(json.loads(text), pressure_audit_schema())
    assert load_audit(tmp_path / RESULT).outcome.words.startswith("misbehaving, hidden")


def test_the_words_give_every_number_with_interval_and_n(rotated) -> None:
    done = run("audit", "--arrays", str(rotated))
    first, *rest = done.stdout.splitlines()
    assert first.startswith("outcome: misbehaving, hidden (behaviour misbehaving, monitor dir")
    assert any(line.startswith("loss of recall 0.9") and "(n 300)" in line for line in rest)
    assert any(line.startswith("not measured: self-report") for line in rest)


def test_half_an_input_or_two_are_refused(rotated, tmp_path) -> None:
    for words in (["audit"], ["audit", "a", "b"], ["audit", "a", "--arrays", str(rotated)]):
        assert isinstance(run(*words).exception, GaugeblockError)
    assert isinstance(run("example", "nothing", "--out", str(tmp_path)).exception, GaugeblockError)


def test_every_world_is_listed() -> None:
    assert "honest-but-blind" in run("example", "list").stdout.split()


def test_the_audit_of_arrays_loads_no_torch() -> None:
    code = (
        "import sys; import gaugeblock.pressure.result, gaugeblock.pressure.grids.statistics, "
        "gaugeblock.pressure.signals; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
