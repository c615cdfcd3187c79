"""The verbs are found by name, described by their own words, and imported when asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from gaugeblock.cli.app import app
from gaugeblock.cli.verbs import VERBS, load_verb

REAL = [name for name, verb in VERBS.items() if verb.module]


@pytest.mark.parametrize("name", REAL)
def test_what_help_says_of_a_verb_is_what_the_verb_says(name: str) -> None:
    pytest.importorskip("torch", reason="some verbs import torch")
    command = load_verb(name)
    assert command.name == name
    said = " ".join(command.help.split("\n\n")[0].split())
    assert said == VERBS[name].help


def test_every_verb_is_listed_and_answers_help() -> None:
    listed = CliRunner().invoke(app, ["--help"]).output
    assert all(f" {name} " in listed for name in VERBS)
    for name in REAL:
        done = CliRunner().invoke(app, [name, "--help"])
        assert done.exit_code == 0, name
        assert "--install-completion" not in done.output


def test_a_verb_that_is_none_is_named() -> None:
    done = CliRunner().invoke(app, ["verfy"])
    assert done.exit_code == 2
    assert "Did you mean 'verify'" in done.output


def test_help_imports_no_verb() -> None:
    code = (
        "import sys; sys.argv = ['gaugeblock', '--help']\n"
        "from gaugeblock.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = ('scipy', 'altair', 'torch', 'gaugeblock.cli.channel')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
