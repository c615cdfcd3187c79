"""The command, and the one file as a person would copy it away."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from image_writer import ImageWriter, image

import gaugeblock.olean.olean as module
from gaugeblock.olean import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    writer = ImageWriter(2)
    names = [(writer.name("f"), "def"), (writer.name("f", "x y"), "theorem")]
    names += [(writer.name("f", "_cstage1"), "def")]
    data = writer.module(names, imports=[writer.name("Init")], extra=[writer.name("g")])
    (tmp_path / "good.olean").write_bytes(data)
    (tmp_path / "other.olean").write_bytes(image(("z", 1), header=0))
    (tmp_path / "bad.olean").write_bytes(data[:-8])
    (tmp_path / "empty.olean").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    out, err = capfd.readouterr()
    return status, out, err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["good.olean"], "f\nf.«x y»\nf._cstage1\n"),
        (["--plain", "good.olean"], "f\nf.x y\nf._cstage1\n"),
        (["--user", "good.olean", "other.olean"], "f\nf.«x y»\n"),
        (["--kinds", "good.olean"], "def\tf\ntheorem\tf.«x y»\ndef\tf._cstage1\n"),
        (["--kinds", "--user", "--plain", "good.olean"], "def\tf\ntheorem\tf.x y\n"),
        (["--imports", "good.olean", "other.olean"], "Init\n"),
        (["--extra", "good.olean"], "g\n"),
        (["other.olean", "good.olean"], "z.1\nf\nf.«x y»\nf._cstage1\n"),
        (["--check", "other.olean"], "other.olean: sound: 1 constants, 2 names\n"),
    ],
)
def test_what_is_printed(
    folder: Path, capfd: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert run(capfd, *arguments) == (0, expected, "")


def test_the_header(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capfd, "--header", "good.olean")
    assert "format: 2\n" in out
    assert "lean version: 4.29.1\n" in out
    assert "bignums: GMP\n" in out
    assert "base: 0x5a1e00000000\n" in out
    # A header can be shown however damaged the rest is.
    assert run(capfd, "--header", "bad.olean")[0] == 0


def test_a_damaged_file_among_others(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(
        capfd, "good.olean", "bad.olean", "none.olean", ".", "empty.olean", "other.olean"
    )
    assert status == 1
    assert out == "f\nf.«x y»\nf._cstage1\nz.1\n"
    lines = err.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("gaugeblock olean: bad.olean: offset 0x58: pointer 0x5a1e0")
    assert lines[1] == "gaugeblock olean: none.olean: No such file or directory"
    assert lines[2] == "gaugeblock olean: .: Is a directory"
    assert "empty.olean: offset 0x0: not an .olean file" in lines[3]


def test_json_has_one_object_a_file(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capfd, "--json", "good.olean", "bad.olean", "none.olean")
    good, bad, none = map(json.loads, out.splitlines())
    assert status == 1
    assert good == {"file": "good.olean", "constants": ["f", "f.«x y»", "f._cstage1"]}
    assert bad["constants"] == []
    assert bad["error"].startswith("bad.olean: offset 0x58")
    assert none["error"] == "none.olean: No such file or directory"
    _, out, _ = run(capfd, "--json", "--kinds", "other.olean")
    assert json.loads(out)["constants"] == [{"name": "z.1", "kind": "def"}]
    _, out, _ = run(capfd, "--json", "--header", "good.olean")
    assert json.loads(out)["header"]["lean version"] == "4.29.1"
    _, out, _ = run(capfd, "--json", "--check", "other.olean")
    assert json.loads(out)["check"] == {"constants": 1, "names": 2}


@pytest.mark.parametrize(
    "arguments",
    [[], ["--nonsense", "f"], ["--imports", "--extra", "f"], ["--user", "--header", "f"]],
)
def test_wrong_usage(arguments: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: gaugeblock olean" in capfd.readouterr().err


def test_help(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    out = capfd.readouterr().out
    for option in ["--plain", "--json", "--kinds", "--imports", "--extra", "--user", "--header"]:
        assert option in out


def test_a_file_name_that_is_no_text(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"x\xff\n.olean")
    (folder / name).write_bytes(b"junk")
    status, _, err = run(capfd, name)
    assert status == 1
    assert err.count("\n") == 1


def alone(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a copy of the file with nothing but the standard library in reach."""
    copy = folder / "olean.py"
    shutil.copy(module.__file__, copy)
    command = [sys.executable, "-I", "-S", str(copy), *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, cwd=folder, check=False)


def test_the_file_stands_alone(folder: Path) -> None:
    done = alone(folder, "good.olean", "bad.olean")
    assert done.returncode == 1
    assert done.stdout.decode() == "f\nf.«x y»\nf._cstage1\n"
    assert done.stderr.startswith(b"olean.py: bad.olean: offset 0x58: ")


def test_standard_input(folder: Path) -> None:
    data = (folder / "good.olean").read_bytes()
    assert alone(folder, "-", stdin=data).stdout.decode() == "f\nf.«x y»\nf._cstage1\n"
    done = alone(folder, "-", stdin=b"no olean")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"olean.py: -: offset 0x0: not an .olean file (wrong magic)\n"
    with (folder / "good.olean").open("rb") as file:
        command = [sys.executable, str(folder / "olean.py"), "-"]
        assert subprocess.run(command, stdin=file, capture_output=True, check=True).stdout


def test_a_reader_that_goes_away(folder: Path) -> None:
    (folder / "many.olean").write_bytes(image(*((f"name{i}",) for i in range(30_000))))
    alone(folder)
    command = f"{sys.executable} olean.py many.olean | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, cwd=folder, check=True)
    assert (done.stdout, done.stderr) == (b"name0\n", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_output_that_cannot_be_written(folder: Path) -> None:
    alone(folder)
    for arguments in (["good.olean"], ["--json", "good.olean", "bad.olean"]):
        with open("/dev/full", "wb") as full:
            command = [sys.executable, "olean.py", *arguments]
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
        assert done.returncode == 1
        assert done.stderr.endswith(b"No space left on device\n")
        assert done.stderr.count(b"\n") == 1


def test_no_standard_input(folder: Path) -> None:
    alone(folder)
    command = f"{sys.executable} olean.py - <&-"
    done = subprocess.run(command, shell=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"olean.py: -: there is no standard input\n")


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys; from gaugeblock.olean.olean import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "sys.exit(bool(loaded & {'numpy', 'scipy', 'pydantic', 'typer', 'rich', 'torch', 'json'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
