"""The two readers that gaugeblock's is held against.

`minimal_names` is the shortest solution of the task (Lean v4.13.0): base address at offset 48,
root at 56, constNames, dotted names; it knows no numeric component and gives up at the first.
`recursive_names` is a plain, complete reader as one would write it first: the file read whole,
one ``struct.unpack`` for each word, each name rebuilt by recursion. It trusts the file.
"""

from __future__ import annotations

import struct
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
