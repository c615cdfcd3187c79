"""The reader on synthetic images, for what the real files lack; see `image_writer`."""

from __future__ import annotations

from pathlib import Path

import pytest
from image_writer import KINDS, PART_ALIGNMENT, ImageWriter, image, mix, murmur
from plain_readers import minimal_names

from gaugeblock.olean import Olean, OleanError

every_header = pytest.mark.parametrize("header", [0, 1, 2])
both_bignums = pytest.mark.parametrize("gmp", [True, False], ids=["gmp", "native"])


def read(data: bytes, **options: bool) -> list[str]:
    with Olean("image", data) as olean:
        return list(olean.names(**options))


def test_the_writer_hashes_as_lean_does() -> None:
    # The hash of the name `_`, as Lean's compiled stage0 spells it out in bytes.
    assert mix(1723, murmur(b"_")).to_bytes(8, "little") == bytes(
        [168, 60, 211, 188, 58, 220, 100, 184]
    )


@every_header
@pytest.mark.parametrize("fields", [3, 5])
def test_every_header_and_both_module_data(header: int, fields: int) -> None:
    data = image(("Nat", "add"), ("Foo",), ("a", 7, "b"), header=header, fields=fields)
    assert read(data) == ["Nat.add", "Foo", "a.7.b"]
    with Olean("image", data) as olean:
        assert olean.header.format == header
        assert olean.check() == (3, 6)


def test_the_header_says_which_lean() -> None:
    with Olean("image", image(header=0)) as olean:
        assert (olean.header.version, olean.header.githash, olean.header.gmp) == (None, None, None)
        assert olean.header.first == 32
    with Olean("image", image(header=1)) as olean:
        assert olean.header.githash == "01d414ac36dc28f3e424dabd36d818873fea655c"
        assert olean.header.first == 64
    with Olean("image", image(header=2, gmp=False)) as olean:
        assert (olean.header.version, olean.header.gmp) == ("4.29.1", False)
        assert olean.header.first == 96


def test_a_distribution_may_put_a_tag_where_the_githash_goes() -> None:
    data = bytearray(image(("a",), header=2))
    data[40:80] = b"v4.29.1".ljust(40, b"\0")
    with Olean("image", bytes(data)) as olean:
        assert olean.header.githash == "v4.29.1"
        assert list(olean.names()) == ["a"]


@every_header
@both_bignums
def test_numeric_components_of_any_size(header: int, gmp: bool) -> None:
    numbers = [n + d for n in (1 << k for k in range(201)) for d in (-1, 0, 1)]
    data = image(*(("n", n) for n in numbers), header=header, gmp=gmp)
    assert read(data) == [f"n.{n}" for n in numbers]
    assert read(data, plain=True) == [f"n.{n}" for n in numbers]
    with Olean("image", data) as olean:
        olean.check()


@both_bignums
def test_numbers_beyond_what_str_converts(gmp: bool) -> None:
    digits = "123456789" * 700
    value = 0
    for start in range(0, len(digits), 900):
        value = value * 10**900 + int(digits[start : start + 900])
    assert read(image((value,), gmp=gmp, header=2)) == [digits]


def test_an_absurd_number_is_refused() -> None:
    with pytest.raises(OleanError, match="absurd number"):
        read(image((1 << 300_000,)))


def test_a_name_of_five_thousand_components() -> None:
    deep = [f"c{i}" for i in range(5000)]
    data = image(deep, [*deep[:4000], 9, "leaf"], deep[:2500])
    assert read(data) == [
        ".".join(deep),
        ".".join([*deep[:4000], "9", "leaf"]),
        ".".join(deep[:2500]),
    ]
    with Olean("image", data) as olean:
        assert olean.check() == (3, 5002)
    assert list(minimal_names(image(deep))) == [".".join(deep)]


def test_every_prefix_of_a_deep_name_a_constant_last_first() -> None:
    deep = [f"c{i}" for i in range(1500)]
    names = [deep[:n] for n in range(1500, 0, -1)]
    assert read(image(deep, *names)) == [".".join(name) for name in [deep, *names]]


def test_more_names_than_a_block() -> None:
    names = [("ns", f"x{i % 77}", f"y{i}") for i in range(10_000)]
    assert read(image(*names)) == [".".join(name) for name in names]


def test_kinds() -> None:
    writer = ImageWriter(2)
    data = writer.module([(writer.name("c", kind), kind) for kind in KINDS], flagged=True)
    with Olean("image", data) as olean:
        assert list(olean.kinds()) == [(kind, f"c.{kind}") for kind in KINDS]
        assert list(olean.names()) == [f"c.{kind}" for kind in KINDS]


def test_imports_and_extra_names() -> None:
    writer = ImageWriter(1)
    imports = [writer.name("Init"), writer.name("Mathlib", "Data", "doc-gen4")]
    extra = [writer.name("f", "_rarg"), writer.name("g")]
    data = writer.module([(writer.name("f"), "def")], imports=imports, extra=extra)
    with Olean("image", data) as olean:
        assert list(olean.names("imports")) == ["Init", "Mathlib.Data.«doc-gen4»"]
        assert list(olean.names("extra")) == ["f._rarg", "g"]
        assert list(olean.names("extra", user=True)) == ["g"]
        assert list(olean.names()) == ["f"]


def test_old_module_data_has_no_extra_names() -> None:
    with Olean("image", image(("f",), fields=3)) as olean:
        assert list(olean.names("extra")) == []


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ((), "[anonymous]"),
        ((5,), "5"),
        (("a", "b c"), "a.«b c»"),
        (("a.b",), "«a.b»"),
        (("",), "«»"),
        (("x'!?",), "x'!?"),
        (("'x",), "«'x»"),
        (("1x",), "«1x»"),
        (("x₁", "αβ", "ℕ", "𝒜"), "x₁.αβ.ℕ.𝒜"),
        (("λ", "Π", "Σ"), "«λ».«Π».«Σ»"),
        (("₁x",), "«₁x»"),
        (("»", "a b"), "».«a b»"),
        (("«",), "««»"),
        (("a\nb",), "«a\nb»"),
        (("x y✝",), "x y✝"),
        (("a b", "x✝", 3), "a b.x✝.3"),
        (("a b", "x✝", "y"), "«a b».«x✝».y"),
        (("a b", "_inaccessible"), "a b._inaccessible"),
        (("#0", "a b"), "#0.a b"),
        (("?u", 3), "?u.3"),
        (("a", "#0"), "a.«#0»"),
        (("f", "a b", "_@", "M", "_hyg", 12), "f.a b._@.M._hyg.12"),
        (("_",), "_"),
        (("日本",), "«日本»"),
    ],
)
def test_names_are_printed_as_lean_prints_them(name: tuple[str | int, ...], printed: str) -> None:
    data = image(name, ("after",), name)
    assert read(data) == [printed, "after", printed]
    assert read(data, plain=True)[0] == ".".join(map(str, name))
    # Nothing depends on which way a name is read: quickly, or with care as for `user`.
    with Olean("image", data) as olean:
        spelt = [text for _, text in olean.kinds()]
    assert spelt == [printed, "after", printed]


@pytest.mark.parametrize(
    ("name", "scopes", "bare"),
    [
        (("f", "_@", "M", "_hyg", 1, "_cstage1"), "f.«_@».M._hyg.1._cstage1", None),
        (("f", "_@", "M", "_hyg", 1), "f._@.M._hyg.1", None),
        (("f", "_@", "M", "_hyg", 1, 2), "f._@.M._hyg.1.2", None),
        (("f", "_@"), "f.«_@»", "f.«_@»"),
    ],
)
def test_macro_scopes(name: tuple[str | int, ...], scopes: str, bare: str | None) -> None:
    data = image(name, name)
    with Olean("image", data, lean_scopes=True) as olean:
        assert list(olean.names()) == [scopes, scopes]
    assert read(data)[1] == (bare or ".".join(map(str, name)))


@pytest.mark.parametrize(
    ("version", "printed"),
    [
        (b"4.16.0", "«été».«xⱼ»"),
        (b"4.17.0-rc1", "«été».xⱼ"),
        (b"4.21.0", "«été».xⱼ"),
        (b"4.22.0", "été.xⱼ"),
        (b"5.0.0", "été.xⱼ"),
        (b"weird", "«été».«xⱼ»"),
    ],
)
def test_identifiers_grew_with_lean(version: bytes, printed: str) -> None:
    data = bytearray(image(("été", "xⱼ"), header=2))
    data[7:40] = version.ljust(33, b"\0")
    assert read(bytes(data)) == [printed]


def test_user_names() -> None:
    keep = [("f",), ("f", "eq_x"), ("matches_1",), ("T", "rec"), ("a b",)]
    drop = [("f", "_cstage1"), ("_private", "M", 0, "f"), ("f", 3), ("f", 3, "g"), ("f", "eq_1")]
    drop += [("f", "match_2"), ("f", "proof_10"), ("f", "_@", "M", "_hyg", 4), ("_aux_M",)]
    data = image(*drop[:5], *keep, *drop[5:])
    assert read(data, user=True) == ["f", "f.eq_x", "matches_1", "T.rec", "«a b»"]
    with Olean("image", data) as olean:
        assert [name for _, name in olean.kinds(user=True)] == read(data, user=True)


def split_module(folder: Path) -> list[Path]:
    writer = ImageWriter(2)
    writer.module([(writer.name("M", "pub"), "def")], flagged=True)
    writer.module([(writer.name("M", "pub"), "def"), (writer.name("M", "srv"), "def")])
    names = [writer.name("M", "pub"), writer.name("M", "srv"), writer.name("M", "priv", "x")]
    writer.module([(name, "theorem") for name in names])
    paths = [folder / f"M.olean{suffix}" for suffix in ("", ".server", ".private")]
    for path, part in zip(paths, writer.parts, strict=True):
        path.write_bytes(part)
    return paths


def test_split_parts_share_one_address_space(tmp_path: Path) -> None:
    paths = split_module(tmp_path)
    lists = []
    for path in paths:
        with Olean(str(path)) as olean:
            lists.append(list(olean.names()))
            assert olean.header.base % PART_ALIGNMENT == 0
            olean.check()
            assert list(olean.names(plain=True)) == lists[-1]
    assert lists == [["M.pub"], ["M.pub", "M.srv"], ["M.pub", "M.srv", "M.priv.x"]]


def test_a_part_without_the_ones_before_it(tmp_path: Path) -> None:
    _, server, private = split_module(tmp_path)
    (tmp_path / "M.olean").unlink()
    with pytest.raises(OleanError, match="leads out of the file"), Olean(str(private)) as olean:
        list(olean.names())
    server.write_bytes(b"nonsense")
    with pytest.raises(OleanError, match=r"M\.olean\.server: offset 0x0: not an"):  # noqa: SIM117
        with Olean(str(private)) as olean:
            list(olean.names())


def test_a_part_of_another_module_is_refused(tmp_path: Path) -> None:
    paths = split_module(tmp_path)
    stranger = ImageWriter(2, base=0x7A00_0000_0000)
    paths[0].write_bytes(stranger.module([(stranger.name("x"), "def")]))
    with pytest.raises(OleanError, match="no earlier part"), Olean(str(paths[2])) as olean:
        list(olean.names())


def test_a_wrong_stored_hash_is_found() -> None:
    writer = ImageWriter(1)
    wrong = writer.extend(writer.name("a"), "b", stored_hash=1)
    data = writer.module([(wrong, "def")])
    assert read(data) == ["a.b"]
    with pytest.raises(OleanError, match="stored hash") as caught, Olean("image", data) as olean:
        olean.check()
    assert caught.value.offset == wrong - writer.base + 24


@pytest.mark.parametrize(
    ("listed", "problem"), [("f", "in number"), ("fgf", "in number"), ("ff", "disagrees")]
)
def test_lists_that_disagree_are_found(listed: str, problem: str) -> None:
    writer = ImageWriter(1)
    constants = [(writer.name("f"), "def"), (writer.name("g"), "def")]
    data = writer.module(constants, listed=[writer.name(name) for name in listed])
    with pytest.raises(OleanError, match=problem), Olean("image", data) as olean:
        olean.check()


def test_equal_names_that_are_not_shared_agree() -> None:
    writer = ImageWriter(1)
    data = writer.module(
        [(writer.extend(1, "f"), "def")],
        listed=[writer.extend(1, "f")],
    )
    with Olean("image", data) as olean:
        assert olean.check() == (1, 2)
