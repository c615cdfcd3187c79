"""Damaged and hostile files: one clear line, in bounded time and memory."""

from __future__ import annotations

import random
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from image_writer import HEADER_SIZE, ImageWriter, image
from mutations import damage, read_everything, seeds

from gaugeblock.olean import Olean, OleanError

CORPUS = Path(__file__).parent / "fuzz_corpus.zip"


def problem(data: bytes, offset: int | None = None) -> str:
    with pytest.raises(OleanError) as caught, Olean("f.olean", data) as olean:
        list(olean.names())
    if offset is not None:
        assert caught.value.offset == offset
    text = str(caught.value)
    assert text.startswith(f"f.olean: offset {caught.value.offset:#x}: ")
    assert "\n" not in text
    return caught.value.problem


def patched(data: bytes, at: int, value: int) -> bytes:
    raw = bytearray(data)
    raw[at : at + 8] = struct.pack("<Q", value)
    return bytes(raw)


class Sample:
    """An image with one name, `a.b`, and the offsets of its pieces."""

    def __init__(self) -> None:
        writer = ImageWriter(1)
        name = writer.name("a", "b")
        self.data = writer.module([(name, "def")])
        self.base, self.name = writer.base, name - writer.base
        self.string = writer.string("b") - writer.base
        names = writer.array([])  # any array: only its head is looked at
        head = writer.space[names - writer.base :][:8]
        self.list = self.data.rindex(head + struct.pack("<QQQ", 1, 1, name))


@pytest.fixture(scope="module")
def sample() -> Sample:
    return Sample()


def test_a_short_file() -> None:
    data = image(("a",))
    assert problem(b"", 0) == "not an .olean file (wrong magic)"
    assert problem(b"olea") == "not an .olean file (wrong magic)"
    assert problem(data[:63], 63) == "the file ends within its header"
    for end in range(64, len(data) - 1, 8):
        assert problem(data[:end])


@pytest.mark.parametrize("header", [0, 1, 2])
def test_an_impossible_base_address(header: int) -> None:
    at = HEADER_SIZE[header] - 8
    assert "base address" in problem(patched(image(header=header), at, 0x1234), at)
    assert "base address" in problem(patched(image(header=header), at, 1 << 60), at)


def test_wrong_magic_and_unknown_versions() -> None:
    assert problem(b"\x7fELF" + bytes(100), 0) == "not an .olean file (wrong magic)"
    assert problem(b"olean\x03" + bytes(100), 5) == "unknown header version 3"
    assert "no text" in problem(b"olean\x02" + b"\xff" * 100, 7)


def test_pointers(sample: Sample) -> None:
    element = sample.list + 24
    for value, said in [
        (sample.base + len(sample.data), "leads out of the file"),
        (sample.base, "leads out of the file"),
        (8, "leads out of the file"),
        (sample.base + sample.name + 4, "no pointer"),
        (7, "no pointer"),
        ((1 << 64) - 8, "leads out of the file"),
    ]:
        assert said in problem(patched(sample.data, element, value), element)


def test_a_cycle(sample: Sample) -> None:
    for back in (sample.name, sample.name + 8, sample.name + 32):
        text = problem(patched(sample.data, sample.name + 8, sample.base + back))
        assert "holds itself or a later one" in text


def test_wrong_tags(sample: Sample) -> None:
    element = sample.list + 24
    text = problem(patched(sample.data, element, sample.base + sample.string), sample.string)
    assert text == "expected a name, found a string"
    text = problem(patched(sample.data, sample.name + 16, sample.base + sample.name), sample.name)
    assert text.startswith("expected a string, found constructor 1")
    text = problem(patched(sample.data, sample.list, 0), sample.list)
    assert text.startswith("expected an array, found constructor 0")
    assert problem(patched(sample.data, 56, sample.base + sample.string), sample.string).startswith(
        "expected the module data"
    )


def test_wrong_lengths(sample: Sample) -> None:
    for size in (2, 1 << 40, (1 << 64) - 1):
        assert "does not fit" in problem(patched(sample.data, sample.list + 8, size))
    for size in (0, 1 << 40, (1 << 64) - 1):
        assert "does not fit" in problem(patched(sample.data, sample.string + 8, size))
    assert "final zero" in problem(patched(sample.data, sample.string + 8, 1))
    assert "says 7" in problem(patched(sample.data, sample.string + 24, 7), sample.string + 24)
    assert "final zero" in problem(patched(sample.data, sample.string + 32, 0x6262))


def test_bad_utf8(sample: Sample) -> None:
    text = problem(patched(sample.data, sample.string + 32, 0xFF), sample.string + 32)
    assert text == "bad UTF-8"


def test_bignums_that_are_none() -> None:
    writer = ImageWriter(2)
    name = writer.name(1 << 70) - writer.base
    data = writer.module([(name + writer.base, "def")])
    number = struct.unpack_from("<Q", data, name + 16)[0] - writer.base
    for at, value, said in [
        (0, 0, "expected a number"),
        (8, (1 << 63) | 2, "negative"),
        (8, 0x7FFFFFFF << 32, "absurd number"),
        (16, 7, "no pointer"),
        (16, writer.base + len(data) - 8, "leads out of the file"),
    ]:
        assert said in problem(patched(data, number + at, value))


def test_a_component_and_a_name_of_absurd_length() -> None:
    assert "absurd component" in problem(image(("x" * (1 << 20),)))
    assert "absurdly long" in problem(image(["x" * 1000 for _ in range(600)]))
    writer = ImageWriter(1)
    empty = writer.string("")
    (head,) = struct.unpack_from("<Q", writer.space, writer.name("x") - writer.base)
    address = writer.base + len(writer.space)
    links = (struct.pack("<4Q", head, address + 32 * i - 32, empty, 0) for i in range(530_000))
    writer.allocate(b"".join(links))
    assert "absurdly long" in problem(writer.module([(address + 32 * 529_999, "def")]))


def hostile_images() -> dict[str, bytes]:
    """Return small images that ask for much: text, work or memory out of all proportion."""
    writer = ImageWriter(1)
    long = writer.name(*["y" * 1000 for _ in range(500)])
    leaves = [(writer.extend(long, f"{i}"), "def") for i in range(2000)]
    text = writer.module(leaves)
    writer = ImageWriter(1)
    spine = [writer.name("s")]
    for _ in range(20_000):
        spine.append(writer.extend(spine[-1], "s"))
    comb = writer.module([(writer.extend(tooth, "t"), "def") for tooth in reversed(spine[::5])])
    writer = ImageWriter(1)
    big = [writer.extend(1, (1 << 200_000) + i) for i in range(100)]
    numbers = writer.module([(name, "def") for name in big])
    return {"text": text, "comb": comb, "numbers": numbers}


@pytest.mark.parametrize(("shape", "data"), hostile_images().items(), ids=lambda x: str(x)[:8])
def test_hostile_images_are_refused(shape: str, data: bytes) -> None:
    with pytest.raises(OleanError, match="absurd"), Olean(shape, data) as olean:
        for _ in olean.names():
            pass


def test_absurd_text_takes_bounded_memory() -> None:
    data = hostile_images()["text"]
    tracemalloc.start()
    try:
        with pytest.raises(OleanError, match="absurdly long"), Olean("text", data) as olean:
            for _ in olean.names():
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50 << 20


def test_three_thousand_mutated_images() -> None:
    sound, draw, outcomes = seeds(), random.Random(20), []
    small = [data for data in sound if len(data) < 150_000]
    for data in small:
        assert read_everything(data) is None
    for _ in range(3000):
        outcomes.append(read_everything(damage(draw.choice(small), draw)))
    assert 1000 < sum(outcome is not None for outcome in outcomes) < 3000


def test_what_the_fuzzer_kept() -> None:
    """Each of these inputs of a ten-minute run reached code that no other did; none did harm."""
    with zipfile.ZipFile(CORPUS) as corpus:
        outcomes = [read_everything(corpus.read(name)) for name in corpus.namelist()]
    assert len(outcomes) > 100
    assert None in outcomes
    assert len({outcome.split(": ", 2)[2] for outcome in outcomes if outcome}) > 20
