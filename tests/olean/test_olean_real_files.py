"""The reader on real files; see the data's ORIGINS.md for where they come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from plain_readers import minimal_names, recursive_names, thorough_names

from gaugeblock.olean import KINDS, Olean, main

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "olean"
FILES = sorted(DATA.glob("*.olean"))

pytestmark = pytest.mark.skipif(not FILES, reason="the real .olean files are not at hand")
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def expected(file: Path) -> list[str]:
    return (DATA / "expected" / f"{file.stem}.txt").read_text(encoding="utf-8").splitlines()


def test_all_sixteen_are_there() -> None:
    assert len(FILES) == 16


@every_file
def test_names_are_exactly_the_expected_ones(file: Path) -> None:
    with Olean(str(file)) as olean:
        assert list(olean.names()) == expected(file)


@every_file
def test_the_command_prints_them(file: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main([str(file)]) == 0
    assert capfdbinary.readouterr().out == (DATA / "expected" / f"{file.stem}.txt").read_bytes()


@every_file
def test_stored_hashes_and_both_lists_agree(file: Path) -> None:
    with Olean(str(file)) as olean:
        constants, names = olean.check()
        kinds = list(olean.kinds())
    assert constants == len(expected(file))
    assert names >= constants
    assert [name for _, name in kinds] == expected(file)
    assert {kind for kind, _ in kinds} <= set(KINDS)


@every_file
def test_plain_readers_agree(file: Path) -> None:
    with Olean(str(file)) as olean:
        assert list(olean.names(plain=True)) == recursive_names(str(file))
        assert list(olean.names()) == thorough_names(str(file))


@every_file
def test_plain_equals_the_minimal_reader_where_it_finishes(file: Path) -> None:
    data = file.read_bytes()
    if data[:6] != b"olean\1":
        pytest.skip("the minimal reader knows the header of v4.13.0 only")
    with Olean(str(file)) as olean:
        plain = list(olean.names(plain=True))
        printed = list(olean.names())
    read, finished = [], True
    try:
        for name in minimal_names(data):
            read.append(name)
    except ValueError:
        finished = False
    assert read == plain[: len(read)]
    numeric = [name for name in printed if any(part.isdigit() for part in name.split("."))]
    assert finished == (not numeric)
    assert finished == (read == plain)


def test_as_lean_itself_prints_inner_macro_scopes() -> None:
    """The lists leave ``_@`` bare everywhere; Lean does where the scope ends the name only."""
    file = DATA / "stlc_4.13rc3_basics.olean"
    with Olean(str(file), lean_scopes=True) as olean:
        printed = list(olean.names())
    different = [(a, b) for a, b in zip(printed, expected(file), strict=True) if a != b]
    assert len(different) == 46
    for lean, listed in different:
        assert lean.replace("«_@»", "_@") == listed
        assert "_hyg" in listed.split(".")
        assert not listed.split(".")[-1].isdigit()


def test_user_names_are_what_people_wrote() -> None:
    with Olean(str(DATA / "stlc_4.13rc3_basics.olean")) as olean:
        names = list(olean.names(user=True))
    assert {"Typ", "Trm.subst", "Trm.fv"} <= set(names)
    assert not [name for name in names if "_cstage" in name or "_private" in name or "._@." in name]


def test_imports() -> None:
    with Olean(str(DATA / "zklean_4.18_AST.olean")) as olean:
        assert list(olean.names("imports")) == [
            "Init",
            "Mathlib.Algebra.Field.Defs",
            "ZkLean.LookupTable",
        ]
