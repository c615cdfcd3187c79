"""Write synthetic ``.olean`` images, for what no public file holds.

The layout is the one Lean's compactor writes: children before parents, every object on 8 bytes,
absolute pointers, the root's address in the word before the first object. Run as a program it
writes one image: ``python image_writer.py OUT.olean Foo.bar 'Foo.«x y»'``.

What each header stands for (versions of the public files that carry it, 194 of them seen):

======  ================================================================================
header  Lean
======  ================================================================================
0       nightlies of April 2022 to v4.3.0 (the oldest of them with three-field module data)
1       v4.4.0-rc1 to v4.13.0-rc3. No file of the final v4.13.0 is public; rc3 is the
        nearest, and has the header that the task's "offset 48 and 56" speaks of.
2       v4.14.0-rc2 to v4.31.0 (from v4.20.0 with a byte behind the module data's fields,
        and from v4.22 with split parts where the module system is on)
======  ================================================================================
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Sequence

Component = str | int

HEADER_SIZE = {0: 24, 1: 56, 2: 88}
PART_ALIGNMENT = 1 << 16
KINDS = ("axiom", "def", "theorem", "opaque", "quot", "induct", "ctor", "rec")
ANONYMOUS = 1
_MASK = (1 << 64) - 1
_MULTIPLIER = 0xC6A4A7935BD1E995


class ImageWriter:
    """Builds the parts of one module; `parts` holds the finished ones.

    Args:
        header: 0, 1 or 2.
        gmp: bignums as GMP stores them, else as Lean's own numbers.
        base: the address of the first part; a multiple of 64 KiB.
    """

    def __init__(self, header: int = 1, *, gmp: bool = True, base: int = 0x5A1E_0000_0000) -> None:
        self.header, self.gmp, self.base = header, gmp, base
        self.space = bytearray()
        self.parts: list[bytes] = []
        self._strings: dict[str, int] = {}
        self._names: dict[tuple[int, Component], int] = {}
        self._hashes: dict[int, int] = {ANONYMOUS: 1723}
        self._begin()

    def _begin(self) -> None:
        self._start = len(self.space)
        self.space += bytes(HEADER_SIZE[self.header] + 8)

    def allocate(self, data: bytes) -> int:
        """Append an object, padded to 8 bytes, and return its address."""
        address = self.base + len(self.space)
        self.space += data + bytes(-len(data) % 8)
        return address

    def constructor(self, tag: int, fields: Sequence[int], scalars: bytes = b"") -> int:
        scalars += bytes(-len(scalars) % 8)
        size = 8 + 8 * len(fields) + len(scalars)
        head = struct.pack("<iHBB", 0, size, len(fields), tag)
        return self.allocate(head + struct.pack(f"<{len(fields)}Q", *fields) + scalars)

    def array(self, elements: Sequence[int]) -> int:
        count = len(elements)
        head = struct.pack("<iHBBQQ", 0, 1, 0, 246, count, count)
        return self.allocate(head + struct.pack(f"<{count}Q", *elements))

    def string(self, text: str) -> int:
        if text not in self._strings:
            raw = text.encode() + b"\0"
            head = struct.pack("<iHBBQQQ", 0, 1, 0, 249, len(raw), len(raw), len(text))
            self._strings[text] = self.allocate(head + raw)
        return self._strings[text]

    def number(self, value: int) -> int:
        """Return the word for a natural number: boxed, or a pointer to a bignum object."""
        if value < 1 << 63:
            return value << 1 | 1
        address = self.base + len(self.space)
        if self.gmp:
            limbs = (value.bit_length() + 63) // 64
            head = struct.pack("<iHBBiiQ", 0, 1, 0, 250, limbs, limbs, address + 24)
            return self.allocate(head + value.to_bytes(8 * limbs, "little"))
        digits = (value.bit_length() + 31) // 32
        head = struct.pack("<iHBBQQQ", 0, 1, 0, 250, 0, digits, address + 32)
        return self.allocate(head + value.to_bytes(4 * digits, "little"))

    def name(self, *components: Component) -> int:
        """Return the address of a name; equal prefixes are shared, as Lean mostly does."""
        address = ANONYMOUS
        for component in components:
            key = (address, component)
            if key not in self._names:
                self._names[key] = self.extend(address, component)
            address = self._names[key]
        return address

    def extend(self, prefix: int, component: Component, stored_hash: int | None = None) -> int:
        """Append one name object, with its right hash or a given one."""
        if isinstance(component, str):
            tag, leaf, own = 1, self.string(component), murmur(component.encode())
        else:
            tag, leaf = 2, self.number(component)
            own = component if component < 1 << 64 else 17
        right = mix(self._hashes[prefix], own)
        stored = right if stored_hash is None else stored_hash
        address = self.constructor(tag, (prefix, leaf), struct.pack("<Q", stored))
        self._hashes[address] = right
        return address

    def constant(self, name: int, kind: str = "def") -> int:
        """Return a ConstantInfo: its value holds a ConstantVal {name, levelParams, type}."""
        value = self.constructor(0, (name, ANONYMOUS, ANONYMOUS))
        return self.constructor(KINDS.index(kind), (self.constructor(0, (value, 1), b"\0"),))

    def module(
        self,
        constants: Sequence[tuple[int, str]],
        *,
        imports: Sequence[int] = (),
        extra: Sequence[int] = (),
        fields: int = 5,
        listed: Sequence[int] | None = None,
        flagged: bool = False,
    ) -> bytes:
        """Finish a part and return it.

        Args:
            constants: (name, kind) of each.
            imports: names of modules.
            extra: extraConstNames.
            fields: 5, or 3 as the nightlies of 2022 had it.
            listed: constNames, where they are to differ from `constants`.
            flagged: with the ``isModule`` byte of v4.20.0 and later.
        """
        listed = [name for name, _ in constants] if listed is None else listed
        imported = self.array([self.constructor(0, (name,), b"\0") for name in imports])
        infos = self.array([self.constant(name, kind) for name, kind in constants])
        entries = self.array(())
        members = [imported, infos, entries]
        if fields == 5:
            members = [imported, self.array(listed), infos, self.array(extra), entries]
        return self.finish(self.constructor(0, members, b"\1" if flagged else b""))

    def finish(self, root: int) -> bytes:
        """Close the part at hand with this root and begin the next, 64 KiB aligned."""
        base = self.base + self._start
        if self.header == 0:
            start = b"oleanfile!!!!!!!"
        elif self.header == 1:
            start = b"olean\1" + b"01d414ac36dc28f3e424dabd36d818873fea655c".ljust(42, b"\0")
        else:
            start = b"olean\2" + bytes([self.gmp]) + b"4.29.1".ljust(33, b"\0") + b"f" * 40
        start += struct.pack("<QQ", base, root)
        self.space[self._start : self._start + len(start)] = start
        part = bytes(self.space[self._start :])
        self.parts.append(part)
        self.space += bytes(-len(self.space) % PART_ALIGNMENT)
        self._begin()
        return part


def image(*names: Sequence[Component], header: int = 1, gmp: bool = True, fields: int = 5) -> bytes:
    """Return a module with these constants, all of them definitions."""
    writer = ImageWriter(header, gmp=gmp)
    return writer.module([(writer.name(*name), "def") for name in names], fields=fields)


def murmur(data: bytes, seed: int = 11) -> int:
    """MurmurHash64A, written from its description and not from the reader's."""
    h = seed ^ (len(data) * _MULTIPLIER & _MASK)
    for start in range(0, len(data), 8):
        block = data[start : start + 8]
        k = int.from_bytes(block, "little")
        if len(block) == 8:
            k = k * _MULTIPLIER & _MASK
            k ^= k >> 47
            k = k * _MULTIPLIER & _MASK
        h = (h ^ k) * _MULTIPLIER & _MASK
    h ^= h >> 47
    h = h * _MULTIPLIER & _MASK
    return h ^ h >> 47


def mix(h: int, k: int) -> int:
    k = k * _MULTIPLIER & _MASK
    k ^= k >> 47
    k ^= _MULTIPLIER
    return (h ^ k) * _MULTIPLIER & _MASK


if __name__ == "__main__":
    out, *dotted = sys.argv[1:]
    with open(out, "wb") as file:
        file.write(
            image(*([int(c) if c.isdigit() else c for c in name.split(".")] for name in dotted))
        )
