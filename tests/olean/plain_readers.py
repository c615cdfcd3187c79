"""The two readers that gaugeblock's is held against.

`minimal_names` is the shortest solution of the task (Lean v4.13.0): base address at offset 48,
root at 56, constNames, dotted names; it knows no numeric component and gives up at the first.
`recursive_names` is a plain reader of every header as one would write it first: the file read
whole, one ``struct.unpack`` for each word, each name rebuilt by recursion. It trusts the file and
prints bare names, so it does less than gaugeblock's. `thorough_names` does the same job as that:
it reads the objects it meets whole, checks them, and prints names as Lean does.

Run as a program, ``python plain_readers.py FILE``, it is the minimal reader.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator

NAME_STR, NAME_NUM = 1, 2


def minimal_names(data: bytes) -> Iterator[str]:
    """Yield bare dotted names; ValueError at the first numeric component."""
    base, root = struct.unpack_from("<QQ", data, 48)

    def word(address: int) -> int:
        (value,) = struct.unpack_from("<Q", data, address - base)
        return int(value)

    def text(address: int) -> str:
        start = address - base + 32
        return data[start : start + word(address + 8) - 1].decode()

    names = word(root + 16)
    for i in range(word(names + 8)):
        name, components = word(names + 24 + 8 * i), []
        while name != 1:
            if data[name - base + 7] != NAME_STR:
                raise ValueError("a numeric component")
            components.append(text(word(name + 16)))
            name = word(name + 8)
        yield ".".join(reversed(components))


def recursive_names(path: str) -> list[str]:
    """Return bare dotted names of a file with any header and five-field module data."""
    with open(path, "rb") as file:
        data = file.read()
    start = 16 if data[:9] == b"oleanfile" else 48 if data[5] == 1 else 80

    def at(offset: int) -> int:
        return int(struct.unpack("<Q", data[offset : offset + 8])[0])

    base, root = at(start), at(start + 8)

    def word(address: int) -> int:
        return at(address - base)

    def string(address: int) -> str:
        size, begin = word(address + 8), address - base + 32
        return data[begin : begin + size - 1].decode("utf-8")

    def number(value: int) -> int:
        if value & 1:
            return value >> 1
        limbs, total = word(value + 8) >> 32, 0
        for i in range(limbs):
            total |= word(value + 24 + 8 * i) << 64 * i
        return total

    def name(address: int) -> str:
        if address == 1:
            return ""
        tag, prefix = word(address) >> 56, name(word(address + 8))
        leaf = word(address + 16)
        component = string(leaf) if tag == NAME_STR else str(number(leaf))
        return f"{prefix}.{component}" if prefix else component

    names = word(root + 16)
    return [name(word(names + 24 + 8 * i)) for i in range(word(names + 8))]


FIRST = "A-Za-z_Α-ΟΡ-\u03a2Τ-Ωα-κμ-ωϊ-ϻἀ-\u1ffe℀-⅏\U0001d49c-\U0001d59f"
LATER = "À-ÖØ-öø-ſ"  # v4.22 and later
IDENTIFIER = f"[{FIRST}][{FIRST}0-9'!?₀-₉ₐ-ₜᵢ-ᵪ]*"
LATER_IDENTIFIER = f"[{FIRST}{LATER}][{FIRST}{LATER}0-9'!?₀-₉ₐ-ₜᵢ-ᵪⱼ]*"


def thorough_names(path: str) -> list[str]:
    """Return printed names of a file with any header and five-field module data."""
    with open(path, "rb") as file:
        data = file.read()
    start = 16 if data[:9] == b"oleanfile" else 48 if data[5] == 1 else 80
    later = data[5] == 2 and tuple(map(int, data[7:40].split(b".")[:2])) >= (4, 22)
    identifier = re.compile(LATER_IDENTIFIER if later else IDENTIFIER)

    def at(offset: int) -> int:
        if offset & 7 or not start + 16 <= offset <= len(data) - 8:
            raise ValueError(f"bad offset {offset}")
        return int(struct.unpack("<Q", data[offset : offset + 8])[0])

    base, root = (int(struct.unpack("<Q", data[i : i + 8])[0]) for i in (start, start + 8))

    def words(address: int, count: int) -> list[int]:
        return [at(address - base + 8 * i) for i in range(count)]

    def string(address: int) -> str:
        head, size, _, points = words(address, 4)
        begin = address - base + 32
        raw = data[begin : begin + size]
        text = raw[:-1].decode("utf-8")
        if head >> 56 != 249 or len(raw) != size or raw[-1] or len(text) != points:
            raise ValueError(f"bad string at {address:#x}")
        return text

    def number(value: int) -> int:
        if value & 1:
            return value >> 1
        head, size, _ = words(value, 3)
        if head >> 56 != 250:
            raise ValueError(f"bad number at {value:#x}")
        return sum(limb << 64 * i for i, limb in enumerate(words(value + 24, size >> 32)))

    def components(address: int) -> list[str | int]:
        if address == 1:
            return []
        head, prefix, leaf, _ = words(address, 4)
        if prefix >= address or head >> 56 not in (NAME_STR, NAME_NUM):
            raise ValueError(f"bad name at {address:#x}")
        before = components(prefix)
        return [*before, string(leaf) if head >> 56 == NAME_STR else number(leaf)]

    def printed(name: list[str | int]) -> str:
        texts = [part for part in name if isinstance(part, str)]
        last = texts[-1] if texts else ""
        root = name[0] if name else ""
        if (
            "_hyg" in texts
            or last == "_inaccessible"
            or "✝" in last
            or (isinstance(root, str) and root.startswith(("#", "?")))
        ):
            return ".".join(map(str, name))
        return ".".join(
            str(part)
            if isinstance(part, int) or identifier.fullmatch(part) or "»" in part
            else f"«{part}»"
            for part in name
        )

    names = words(root, 3)[2]
    head, count, _ = words(names, 3)
    if head >> 56 != 246:
        raise ValueError("bad array")
    return [printed(components(address)) for address in words(names + 24, count)]


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as image:
        for line in minimal_names(image.read()):
            print(line)
