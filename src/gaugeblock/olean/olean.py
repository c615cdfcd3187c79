"""Print the names of the constants in a Lean 4 ``.olean`` file.

Stand-alone: copy this one file away and run ``python olean.py FILE...``; it needs Python 3.11
and nothing else, and no Lean. ``gaugeblock olean`` runs the same file.

An ``.olean`` file is a memory image: a header, then objects whose pointers are absolute addresses
(file offset = pointer - base address). The layout is that of Lean's ``module.cpp``,
``compact.cpp`` and ``lean.h``. The file is memory-mapped and only what a name needs is touched.

Nothing in a file is trusted. Every pointer must be aligned and lie in the image, and every part
of a name must stand before the object that holds it (Lean writes children first), so no walk can
run in a circle. Lengths are checked against the file; work and text are bounded by the file's
size. A hostile file ends in an `OleanError`, never in a hang, a crash or a full memory.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
from contextlib import ExitStack
from functools import cache
from stat import S_ISREG

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence
    from typing import NoReturn

    # A component, or a prefix with its dot: bare, printed, and flags.
    Spelling = tuple[str, str, int]

__all__ = ["KINDS", "SOURCES", "Header", "Olean", "OleanError", "main"]

KINDS = ("axiom", "def", "theorem", "opaque", "quot", "induct", "ctor", "rec")
SOURCES = ("constants", "imports", "extra")
WRITTEN_BY = ("nightlies of 2022 to v4.3.0", "v4.4.0-rc1 to v4.13.0", "v4.14.0-rc1 and later")

# The first word of an object: i32 reference count (0), u16 size, u8 fields, u8 tag.
STRING_HEAD = 0xF9_00_0001_00000000
ARRAY_HEAD = 0xF6_00_0001_00000000
NAME_STR_HEAD = 0x01_02_0020_00000000
NAME_NUM_HEAD = 0x02_02_0020_00000000
LAST_CONSTRUCTOR_TAG, MPZ_TAG = 244, 250
ANONYMOUS = 1  # the boxed scalar 0

# Beyond these a file is taken for hostile.
MAX_NAME = 1 << 19  # characters of one name
MAX_NUMBER = 1 << 18  # bits of a numeric component
MAX_TEXT = 1 << 28  # characters of names in all, plus 8 for each byte of the file
MAX_WORK = 500_000  # steps outside the quick loop, plus 1 for each word of the file
MAX_STREAM = 1 << 32  # bytes read from what has no size, such as a pipe
MAX_REMEMBERED = 1 << 24  # characters of prefixes kept

BLOCK = 4096  # names read at a time
QUICK = 2048  # longer prefixes and components are not for the quick loop of `_render`
HELD = 1 << 20  # characters spelt outside that loop after which a list is handed on

# What is known of a name beside its text: it has a component that begins with "_" or is a number;
# one that is "_hyg", or the last string is; the last string is inaccessible; it is pseudo-syntax.
INTERNAL, SCOPED, LAST_SCOPED, HIDDEN, PSEUDO = 1, 2, 4, 8, 16
# Of one component only: it is a number; it may change how the whole name is printed.
NUMERIC, TELLING = 32, 64

_quad = struct.Struct("<4Q").unpack_from
_word = struct.Struct("<Q").unpack_from


class OleanError(Exception):
    """A file that is no sound ``.olean`` file: its `path`, the `offset` in bytes, the `problem`."""

    def __init__(self, path: str, offset: int, problem: str) -> None:
        super().__init__(path, offset, problem)
        self.path, self.offset, self.problem = path, offset, problem

    def __str__(self) -> str:
        return f"{_printable(self.path)}: offset {self.offset:#x}: {self.problem}"


class Header:
    """What stands before the objects.

    `format` is 0, 1 or 2 (`WRITTEN_BY` says by whom), `first` the offset of the first object,
    `base` the address of the file's first byte, `root` the address of the module data. `githash`
    is None in format 0; `version` (of Lean) and `gmp` (how bignums are stored) are None before 2.
    """

    __slots__ = ("base", "first", "format", "githash", "gmp", "root", "version")

    def __init__(self, data: mmap.mmap | bytes, path: str) -> None:
        start = bytes(data[:96])
        self.version: str | None = None
        self.githash: str | None = None
        self.gmp: bool | None = None
        if start[:16] == b"oleanfile!!!!!!!":
            self.format, words = 0, 16
        elif start[:6] == b"olean\1":
            self.format, words = 1, 48
        elif start[:6] == b"olean\2":
            self.format, words = 2, 80
        elif start[:5] == b"olean" and len(start) > 5:
            raise OleanError(path, 5, f"unknown header version {start[5]}")
        else:
            raise OleanError(path, 0, "not an .olean file (wrong magic)")
        self.first = words + 16
        if len(start) < self.first:
            raise OleanError(path, len(start), "the file ends within its header")
        if self.format == 1:
            self.githash = _ascii(start, 6, 48, path)
        elif self.format == 2:
            self.version, self.githash = _ascii(start, 7, 40, path), _ascii(start, 40, 80, path)
            self.gmp = bool(start[6] & 1)
        (self.base,), (self.root,) = _word(start, words), _word(start, words + 8)
        if self.base & 0xFFFF or self.base >> 48:
            raise OleanError(path, words, f"impossible base address {self.base:#x}")


class _Part:
    """One file and the addresses it fills."""

    __slots__ = ("base", "data", "first", "header", "path", "size", "verified")

    def __init__(self, data: mmap.mmap | bytes, path: str) -> None:
        self.data, self.path, self.size = data, path, len(data)
        self.header = Header(data, path)
        self.base, self.first = self.header.base, self.header.base + self.header.first
        self.verified = bytearray()


class Olean:
    """An open ``.olean`` file, also a context manager.

    Args:
        path: the file; ``-`` is standard input. A ``.olean.server`` or ``.olean.private`` part
            points into the parts before it; those beside it are opened when they are needed.
        data: the file's bytes where they are at hand; `path` then only names them.
        lean_scopes: print the ``_@`` of a macro scope that is not a name's last as ``«_@»``, as
            Lean's ``Name.toString`` does; by default no scoped name has guillemets.

    Raises:
        OleanError: the header is unsound. The other methods raise it for what they meet.
        OSError: the file cannot be read.
    """

    def __init__(self, path: str, data: bytes | None = None, *, lean_scopes: bool = False) -> None:
        self._files, self.path = ExitStack(), path
        try:
            self._part = _Part(self._map(path) if data is None else data, path)
        except BaseException:
            self.close()
            raise
        self.header = self._part.header
        self._older: list[_Part] | None = None if data is None and path != "-" else []
        self._first, self._rest = _identifier_characters(self.header.version)
        # The flags of a name that keep guillemets off it.
        self._bare = PSEUDO | HIDDEN | LAST_SCOPED | (0 if lean_scopes else SCOPED)
        self._work = MAX_WORK + self._part.size // 8
        self._text = MAX_TEXT + self._part.size * 8
        # Prefixes and components already spelt out, by address, the long ones apart.
        self._stems: dict[int, Spelling] = {ANONYMOUS: ("", "", 0)}
        self._long: dict[int, Spelling] = {}
        self._pieces: dict[int, Spelling] = {}
        self._remembered = 0

    def __enter__(self) -> Olean:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._files.close()

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return self._part.size

    # ---------------------------------------------------------------- what a module holds

    def names(
        self, source: str = "constants", *, plain: bool = False, user: bool = False
    ) -> Iterator[str]:
        """Yield names in file order.

        Args:
            source: ``constants``, ``imports`` or ``extra`` (extraConstNames: names the code
                generator knows, not constants).
            plain: bare dotted components, without guillemets.
            user: leave out what Lean's ``Name.isInternalDetail`` calls internal: private,
                hygienic and numbered names and those the compiler made.
        """
        for _, block in self.blocks(source, plain=plain, user=user):
            yield from block

    def kinds(self, *, plain: bool = False, user: bool = False) -> Iterator[tuple[str, str]]:
        """Yield each constant's kind, one of `KINDS`, and its name; see `names`."""
        for tags, block in self.blocks("constants", kinds=True, plain=plain, user=user):
            yield from zip((KINDS[tag] for tag in tags), block, strict=True)

    def blocks(
        self, source: str, *, kinds: bool = False, plain: bool = False, user: bool = False
    ) -> Iterator[tuple[bytes, list[str]]]:
        """Yield names as `names` does, many at a time, beside their kinds (0 if not asked)."""
        for tags, holders, pointers in self._references(source, kinds):
            done = 0
            for texts in self._render(holders, pointers, plain, user):
                span = tags[done : done + len(texts)]
                done += len(texts)
                block = [text for text in texts if text is not None]
                if len(block) < len(texts):
                    span = bytes(t for t, text in zip(span, texts, strict=True) if text is not None)
                self._text -= sum(map(len, block))
                if self._text < 0:
                    self._fail(holders[0], "the names spell out absurdly long")
                yield span, block

    def check(self) -> tuple[int, int]:
        """Check what `names` takes on trust; return the constants and distinct names checked.

        The list of constant names must agree with the constants, and every part of every name
        must carry the hash Lean's ``Name.hash`` gives it.
        """
        constants = distinct = 0
        listed = self._references("constants", False)
        for _, holders, pointers in self._references("constants", True):
            _, list_holders, list_pointers = next(listed)  # lengths agree, see _references
            for holder, ptr, list_holder, list_ptr in zip(
                holders, pointers, list_holders, list_pointers, strict=True
            ):
                distinct += self._verify(ptr, holder) + self._verify(list_ptr, list_holder)
                if ptr != list_ptr and self._spell(ptr, holder) != self._spell(
                    list_ptr, list_holder
                ):
                    self._fail(list_holder, "constNames disagrees with the constants here")
            constants += len(pointers)
        for source in ("imports", "extra"):
            for _, holders, pointers in self._references(source, False):
                for holder, ptr in zip(holders, pointers, strict=True):
                    distinct += self._verify(ptr, holder)
        return constants, distinct

    def _references(
        self, source: str, kinds: bool
    ) -> Iterator[tuple[bytes, Sequence[int], Sequence[int]]]:
        """Yield blocks of (kinds, addresses of the words that point to names, those words)."""
        part, at, _, count = self._constructor(
            self.header.root, self._part.base + self.header.first - 8, "the module data", 0, (3, 5)
        )
        fields = [
            (_word(part.data, at + 8 * i)[0], part.base + at + 8 * i) for i in range(1, count + 1)
        ]
        if source == "imports":
            for block in self._array(*fields[0]):
                yield self._import_names(*block)
        elif source == "extra":
            if count == 5:
                for holders, pointers in self._array(*fields[3]):
                    yield bytes(len(pointers)), holders, pointers
        elif count == 5 and not kinds:
            for holders, pointers in self._array(*fields[1]):
                yield bytes(len(pointers)), holders, pointers
        else:
            if count == 5 and self._length(*fields[1]) != self._length(*fields[2]):
                self._fail(fields[1][1], "constNames and the constants differ in number")
            for block in self._array(*fields[1 if count == 3 else 2]):
                yield self._constant_names(*block)

    def _import_names(
        self, holders: Sequence[int], pointers: Sequence[int]
    ) -> tuple[bytes, list[int], list[int]]:
        names, at_names = [], []
        for holder, ptr in zip(holders, pointers, strict=True):
            part, at, _, _ = self._constructor(ptr, holder, "an import", 0, range(1, 9))
            names.append(_word(part.data, at + 8)[0])
            at_names.append(ptr + 8)
        return bytes(len(names)), at_names, names

    def _constant_names(
        self, holders: Sequence[int], pointers: Sequence[int]
    ) -> tuple[bytes, list[int], list[int]]:
        """Follow ConstantInfo -> its value -> ConstantVal -> the name."""
        tags, names, at_names = bytearray(), [], []
        for holder, ptr in zip(holders, pointers, strict=True):
            part, at, tag, _ = self._constructor(ptr, holder, "a constant", len(KINDS) - 1, (1,))
            tags.append(tag)
            for fields in (range(1, 256), (3,)):
                holder, (ptr,) = part.base + at + 8, _word(part.data, at + 8)
                part, at, _, _ = self._constructor(ptr, holder, "a constant's value", 0, fields)
            names.append(_word(part.data, at + 8)[0])
            at_names.append(ptr + 8)
        return bytes(tags), at_names, names

    # ---------------------------------------------------------------- names

    def _render(
        self, holders: Sequence[int], pointers: Sequence[int], plain: bool, user: bool
    ) -> Iterator[list[str | None]]:
        """Yield the names at `pointers`, in lists; None for one that `user` leaves out.

        Usual names are read here, in one loop and without calls: a component after a prefix, both
        mostly seen before. At anything else (long, deep, a bignum, another part, damage) the loop
        leaves the name to `_spell`, which reads it with care and says what is wrong if it must.
        """
        part, held = self._part, 0
        data, base, low, end = part.data, part.base, part.first, part.base + part.size
        stems, pieces, special, last = self._stems, self._pieces, self._bare | TELLING, end - 32
        known_stem, known_piece = stems.get, pieces.get
        if user:
            low = end
        out: list[str | None] = []
        chain: list[tuple[int, Spelling]] = []  # from the name up to a prefix seen before
        for index, name in enumerate(pointers):
            ptr, shown = name, None
            while low <= ptr <= last and not ptr & 7:
                head, before, leaf, _ = _quad(data, ptr - base)
                if head == NAME_STR_HEAD:
                    piece = known_piece(leaf)
                    if piece is None:
                        if leaf & 7 or not low <= leaf <= last:
                            break
                        head, size, _, points = _quad(data, leaf - base)
                        start = leaf - base + 32
                        if head != STRING_HEAD or not 0 < size <= QUICK or leaf + size > last:
                            break
                        try:
                            text = data[start : start + size].decode()
                        except UnicodeDecodeError:
                            break
                        if len(text) != points + 1 or text[-1] != "\0":
                            break
                        piece = pieces[leaf] = self._component(text[:-1])
                        self._remembered += 100 + size
                elif head == NAME_NUM_HEAD and leaf & 1:
                    text = str(leaf >> 1)
                    piece = text, text, INTERNAL | NUMERIC
                else:
                    break
                stem = known_stem(before)
                if before >= ptr:
                    break
                if stem is None:
                    if len(chain) > 64:
                        break
                    chain.append((ptr, piece))
                    ptr = before
                    continue
                while chain:
                    bare = printed = f"{stem[0]}{piece[0]}."
                    if stem[0] is not stem[1] or piece[0] is not piece[1]:
                        printed = f"{stem[1]}{piece[1]}."
                    if len(printed) > QUICK:
                        break
                    flags = stem[2]
                    if (flags | piece[2]) & ~INTERNAL:
                        flags = _joined(flags, piece[2], not stem[0])
                    stem = stems[ptr] = bare, printed, flags | piece[2] & INTERNAL
                    self._remembered += 100 + len(bare) + len(printed)
                    if self._remembered > MAX_REMEMBERED:
                        self._make_room(0)
                    ptr, piece = chain.pop()
                else:
                    if plain:
                        shown = stem[0] + piece[0]
                    elif (stem[2] | piece[2]) & special:
                        shown = self._whole(stem, piece)[1]
                    else:
                        shown = stem[1] + piece[1]
                break
            if shown is not None:
                out.append(shown)
                continue
            chain.clear()
            bare, printed, internal = self._spell(name, holders[index])
            out.append(None if user and internal else bare if plain else printed)
            held += len(bare)
            if held > HELD:
                yield out
                out, held = [], 0
        yield out

    def _spell(self, ptr: int, holder: int) -> tuple[str, str, bool]:
        """Return a name's bare and printed text, and whether it is internal."""
        if ptr == ANONYMOUS:
            return "", "[anonymous]", False
        before, piece, _ = self._node(ptr, holder, 1 << 64)
        stem = self._prefix(before, ptr)
        internal = (stem[2] | piece[2]) & INTERNAL or _numbered(piece[0])
        return *self._whole(stem, piece), bool(internal)

    def _whole(self, stem: Spelling, piece: Spelling) -> tuple[str, str]:
        bare = stem[0] + piece[0]
        hide = _joined(stem[2], piece[2], not stem[0]) & self._bare
        return bare, bare if hide else stem[1] + piece[1]

    def _prefix(self, ptr: int, owner: int) -> Spelling:
        """Return the spelling of the name that the name at `owner` extends, with its dot."""
        pending: list[tuple[int, Spelling]] = []
        length, short, long = 0, self._stems, self._long
        while (known := short.get(ptr) or long.get(ptr)) is None:
            before, piece, _ = self._node(ptr, owner + 8, owner)
            pending.append((ptr, piece))
            length += len(piece[0]) + 1
            if length > MAX_NAME:
                self._fail(ptr, "an absurdly long name")
            owner, ptr = ptr, before
        if ptr >= owner:
            self._fail(owner + 8, "a name that holds itself or a later one")
        bare, printed, flags = known
        # Of a long chain only some links are kept: all of them would take its length squared.
        step = 1 if len(pending) <= 64 else 64
        while pending:
            run = pending[-step:]
            del pending[-step:]
            root, same = not bare, printed is bare
            for _, piece in reversed(run):
                flags = _joined(flags, piece[2], root)
                root, same = False, same and piece[0] is piece[1]
            bare += ".".join([piece[0] for _, piece in reversed(run)]) + "."
            if same:
                printed = bare
            else:
                printed += ".".join([piece[1] for _, piece in reversed(run)]) + "."
            if len(bare) > MAX_NAME:
                self._fail(run[0][0], "an absurdly long name")
            self._spend(len(run) + (len(bare) >> 10), run[0][0])
            self._make_room(len(bare) + len(printed))
            (short if len(printed) <= QUICK else long)[run[0][0]] = bare, printed, flags
        return bare, printed, flags

    def _make_room(self, characters: int) -> None:
        """Forget every spelling once they take too much memory."""
        self._remembered += 100 + characters
        if self._remembered > MAX_REMEMBERED:
            for memory in (self._stems, self._long, self._pieces):
                memory.clear()
            self._stems[ANONYMOUS], self._remembered = ("", "", 0), 0

    def _node(self, ptr: int, holder: int, owner: int) -> tuple[int, Spelling, int]:
        """Return (prefix, last component, stored hash) of the name at `ptr`."""
        part = self._find(ptr, holder, 32)
        if ptr >= owner:
            self._fail(holder, "a name that holds itself or a later one")
        head, before, leaf, stored = _quad(part.data, ptr - part.base)
        if head == NAME_STR_HEAD:
            return before, self._pieces.get(leaf) or self._string(leaf, ptr), stored
        if head == NAME_NUM_HEAD:
            text = str(leaf >> 1) if leaf & 1 else self._bignum(leaf, ptr + 16)
            return before, (text, text, INTERNAL | NUMERIC), stored
        self._fail(ptr, f"expected a name, found {_describe(head)}")

    def _string(self, ptr: int, owner: int) -> Spelling:
        """Return the component whose string is at `ptr`."""
        part = self._find(ptr, owner + 16, 32)
        head, size, _, points = _quad(part.data, ptr - part.base)
        if head != STRING_HEAD:
            self._fail(ptr, f"expected a string, found {_describe(head)}")
        start = ptr - part.base + 32
        if size == 0 or size > part.size - start:
            self._fail(ptr + 8, f"a string of {size} bytes does not fit")
        if size > MAX_NAME:
            self._fail(ptr + 8, f"an absurd component of {size} bytes")
        raw = part.data[start : start + size]
        try:
            text = raw[:-1].decode()
        except UnicodeDecodeError as error:
            self._fail(ptr + 32 + error.start, "bad UTF-8")
        if raw[-1]:
            self._fail(ptr + 31 + size, "a string without its final zero byte")
        if len(text) != points:
            self._fail(ptr + 24, f"a string of {len(text)} characters that says {points}")
        self._spend(1 + (size >> 6), ptr)
        piece = self._component(text)
        if size <= QUICK:
            self._make_room(size)
            self._pieces[ptr] = piece
        return piece

    def _component(self, text: str) -> Spelling:
        """Return how a component is spelt, by the rules of Lean's ``Name.toString``.

        One that is no identifier stands in guillemets, unless it holds a closing one itself.
        """
        if text.isidentifier() and text.isascii() and text[0] != "_":
            return text, text, 0
        printed, flags, initial = text, 0, text[:1]
        if not (initial in self._first and self._rest.issuperset(text)) and "»" not in text:
            printed = f"«{text}»"
        if initial == "_":
            flags = INTERNAL
            if text == "_hyg":
                flags |= SCOPED | LAST_SCOPED | TELLING
        elif initial in ("#", "?"):
            flags = PSEUDO | TELLING
        if text == "_inaccessible" or "✝" in text:
            flags |= HIDDEN | TELLING
        return text, printed, flags

    def _bignum(self, ptr: int, holder: int) -> str:
        """Return the digits of a number too big for a word."""
        part = self._find(ptr, holder, 32)
        head, one, two, three = _quad(part.data, ptr - part.base)
        if head >> 56 != MPZ_TAG:
            self._fail(ptr, f"expected a number, found {_describe(head)}")
        # GMP: i32 allocated, i32 size with the sign, pointer to u64 limbs, which follow at once.
        # Lean's own: bool sign, u64 size, pointer to u32 digits, which follow at once.
        gmp = part.header.gmp if part.header.gmp is not None else two == ptr + 24
        size, digits = (8 * (one >> 32), two) if gmp else (4 * two, three)
        if one >> 63 if gmp else one & 0xFF:
            self._fail(ptr + 8, "a negative number in a name")
        if size * 8 > MAX_NUMBER:
            self._fail(ptr + 8, f"an absurd number of {size} bytes")
        self._spend((size >> 6) ** 2, ptr)
        part = self._find(digits, ptr + (16 if gmp else 24), size)
        at = digits - part.base
        return _decimal(int.from_bytes(part.data[at : at + size], "little"))

    def _verify(self, ptr: int, holder: int) -> int:
        """Check the stored hash of a name and its prefixes; return how many were new."""
        pending: list[tuple[int, int, Spelling, int]] = []
        owner, length = 1 << 64, 0
        while ptr != ANONYMOUS:
            part = self._find(ptr, holder, 32)
            if not part.verified:
                part.verified = bytearray(part.size // 64 + 1)
            bit = (ptr - part.base) >> 3
            if part.verified[bit >> 3] >> (bit & 7) & 1:
                break
            part.verified[bit >> 3] |= 1 << (bit & 7)
            before, piece, stored = self._node(ptr, holder, owner)
            pending.append((ptr, before, piece, stored))
            length += len(piece[0]) + 1
            if length > MAX_NAME:
                self._fail(ptr, "an absurdly long name")
            self._spend(1 + (len(piece[0]) >> 3), ptr)
            owner, holder, ptr = ptr, ptr + 8, before
        for ptr, before, (text, _, flags), stored in reversed(pending):
            known = 1723
            if before != ANONYMOUS:
                part = self._find(before, ptr + 8, 32)
                (known,) = _word(part.data, before - part.base + 24)
            own = _number_hash(text) if flags & NUMERIC else _murmur(text.encode())
            if _mix(known, own) != stored:
                self._fail(ptr + 24, "the stored hash of a name is wrong")
        return len(pending)

    # ---------------------------------------------------------------- objects

    def _constructor(
        self, ptr: int, holder: int, what: str, last_tag: int, fields: Sequence[int]
    ) -> tuple[_Part, int, int, int]:
        """Return (part, offset, tag, number of fields) of the constructor object at `ptr`."""
        part = self._find(ptr, holder, 16)
        at = ptr - part.base
        (head,) = _word(part.data, at)
        tag, count, size = head >> 56, head >> 48 & 0xFF, head >> 32 & 0xFFFF
        if head & 0xFFFFFFFF or tag > last_tag or count not in fields or size < 8 + 8 * count:
            self._fail(ptr, f"expected {what}, found {_describe(head)}")
        self._find(ptr, holder, size)
        return part, at, tag, count

    def _length(self, ptr: int, holder: int) -> int:
        part = self._find(ptr, holder, 24)
        head, size, room = struct.unpack_from("<3Q", part.data, ptr - part.base)
        if head != ARRAY_HEAD:
            self._fail(ptr, f"expected an array, found {_describe(head)}")
        if size > room or size > (part.base + part.size - ptr - 24) // 8:
            self._fail(ptr + 8, f"an array of {size} elements does not fit")
        return int(size)

    def _array(self, ptr: int, holder: int) -> Iterator[tuple[range, tuple[int, ...]]]:
        """Yield (addresses of elements, elements) of the array at `ptr`, a block at a time."""
        length = self._length(ptr, holder)
        part = self._find(ptr, holder, 24)
        for done in range(0, length, BLOCK):
            count, address = min(BLOCK, length - done), ptr + 24 + 8 * done
            elements = struct.unpack_from(f"<{count}Q", part.data, address - part.base)
            yield range(address, address + 8 * count, 8), elements

    def _find(self, ptr: int, holder: int, size: int) -> _Part:
        """Return the part that has `size` bytes at `ptr`, a pointer read at `holder`."""
        part = self._part
        if part.first <= ptr <= part.base + part.size - size and not ptr & 7:
            return part
        if ptr & 7:
            self._fail(holder, f"{ptr:#x} is no pointer to an object")
        for part in self._earlier_parts():
            if part.first <= ptr <= part.base + part.size - size:
                return part
        self._fail(holder, f"pointer {ptr:#x} leads out of the file")

    def _earlier_parts(self) -> list[_Part]:
        if self._older is None:
            self._older = []
            stem, _, kind = self.path.rpartition(".olean")
            for suffix in {".private": ("", ".server"), ".server": ("",)}.get(kind, ()):
                path = f"{stem}.olean{suffix}"
                if os.path.exists(path):
                    part = _Part(self._map(path), path)
                    if part.base + part.size > self._part.base:
                        raise OleanError(
                            path, part.header.first - 16, "no earlier part of this file"
                        )
                    self._older.append(part)
        return self._older

    def _spend(self, work: int, address: int) -> None:
        self._work -= work
        if self._work < 0:
            self._fail(address, "the names take an absurd amount of work")

    def _fail(self, address: int, problem: str) -> NoReturn:
        for part in (self._part, *(self._older or ())):
            if part.base <= address <= part.base + part.size:
                raise OleanError(part.path, address - part.base, problem)
        raise OleanError(self.path, 0, problem)

    def _map(self, path: str) -> mmap.mmap | bytes:
        """Map a file, or a temporary copy of what cannot be mapped, such as a pipe."""
        if path == "-" and sys.stdin is None:
            raise OSError("there is no standard input")
        keep = self._files.enter_context  # closes what is opened here
        file = sys.stdin.buffer if path == "-" else keep(open(path, "rb"))  # noqa: SIM115
        number = file.fileno()
        if not S_ISREG(os.fstat(number).st_mode):
            start = file.read(96)
            if start[:5] != b"olean":
                return start
            from tempfile import TemporaryFile

            copy = keep(TemporaryFile())  # noqa: SIM115
            copy.write(start)
            while block := file.read(1 << 20):
                copy.write(block)
                if copy.tell() > MAX_STREAM:
                    raise OSError(f"more than {MAX_STREAM} bytes from a pipe")
            copy.flush()
            number = copy.fileno()
        if os.fstat(number).st_size == 0:
            return b""
        return keep(mmap.mmap(number, 0, access=mmap.ACCESS_READ))


# -------------------------------------------------------------------- text and numbers


def _joined(flags: int, own: int, root: bool) -> int:
    """Return the flags of a name from those of its prefix and of its last component."""
    if own & NUMERIC:
        return flags | INTERNAL
    flags = flags & ~(LAST_SCOPED | HIDDEN) | own & ~(TELLING | PSEUDO)
    return flags | own & PSEUDO if root else flags


@cache
def _identifier_characters(version: str | None) -> tuple[frozenset[str], frozenset[str]]:
    """Return the characters that may begin, and stand in, an identifier of this Lean version.

    As ``isIdFirst`` and ``isIdRest`` of Lean's ``Init/Meta``, which took in ``ⱼ`` in v4.17
    (lean4#6679) and Latin letters beyond ASCII in v4.22 (lean4#9035).
    """
    numbers = (version or "").split(".")[:2]
    release = tuple(int(n) if n.isascii() and n.isdigit() else 0 for n in numbers)
    first = [(0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A), (0x391, 0x39F), (0x3A1, 0x3A2)]
    first += [(0x3A4, 0x3A9), (0x3B1, 0x3BA), (0x3BC, 0x3C9), (0x3CA, 0x3FB), (0x1F00, 0x1FFE)]
    first += [(0x2100, 0x214F), (0x1D49C, 0x1D59F)]
    rest = [(0x21, 0x21), (0x27, 0x27), (0x30, 0x39), (0x3F, 0x3F), (0x2080, 0x2089)]
    rest += [(0x2090, 0x209C), (0x1D62, 0x1D6A)]
    if release >= (4, 17):
        rest.append((0x2C7C, 0x2C7C))
    if release >= (4, 22):
        first += [(0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x17F)]
    initials = frozenset(chr(c) for low, high in first for c in range(low, high + 1))
    return initials, initials.union(chr(c) for low, high in rest for c in range(low, high + 1))


def _numbered(text: str) -> bool:
    """Tell the names Lean numbers: ``eq_1``, ``match_2``, ``proof_3``, ``omega_4``."""
    stem, _, number = text.rpartition("_")
    return stem in ("eq", "match", "proof", "omega") and (
        not number or (number.isascii() and number.isdigit())
    )


def _decimal(number: int) -> str:
    """Return what ``str`` would, which refuses numbers of more than some thousand digits."""
    pieces = []
    while number.bit_length() > 2000:
        number, rest = divmod(number, 10**600)
        pieces.append(f"{rest:0600}")
    return str(number) + "".join(reversed(pieces))


def _murmur(data: bytes) -> int:
    """Hash as Lean's ``String.hash`` does: MurmurHash64A, seed 11 (``runtime/hash.cpp``)."""
    m, full = 0xC6A4A7935BD1E995, len(data) & ~7
    h = (11 ^ (len(data) * m)) & _ALL
    for (k,) in struct.iter_unpack("<Q", data[:full]):
        k = k * m & _ALL
        k = (k ^ k >> 47) * m & _ALL
        h = (h ^ k) * m & _ALL
    if len(data) > full:
        h = (h ^ int.from_bytes(data[full:], "little")) * m & _ALL
    h = (h ^ h >> 47) * m & _ALL
    return h ^ h >> 47


def _number_hash(digits: str) -> int:
    number = int(digits) if len(digits) <= 20 else 1 << 64
    return number if number >> 64 == 0 else 17


def _mix(h: int, k: int) -> int:
    """Combine hashes as Lean's ``mixHash`` does, which xors where MurmurHash multiplies."""
    m = 0xC6A4A7935BD1E995
    k = k * m & _ALL
    return (h ^ (k ^ k >> 47) ^ m) * m & _ALL


_ALL = (1 << 64) - 1


def _ascii(start: bytes, begin: int, end: int, path: str) -> str:
    text = start[begin:end].rstrip(b"\0")
    if not all(0x20 <= byte < 0x7F for byte in text):
        raise OleanError(path, begin, "the header's version is no text")
    return text.decode()


def _describe(head: int) -> str:
    count, fields, tag = head & 0xFFFFFFFF, head >> 48 & 0xFF, head >> 56
    names = {246: "an array", 248: "a scalar array", 249: "a string", 250: "a big number"}
    if count:
        return f"no object ({head:#018x})"
    if tag <= LAST_CONSTRUCTOR_TAG:
        return f"constructor {tag} with {fields} fields and {head >> 32 & 0xFFFF} bytes"
    return names.get(tag, f"an object with tag {tag}")


def _printable(path: str) -> str:
    return path if path.isprintable() else ascii(path)


# -------------------------------------------------------------------- the command


def _parser(prog: str) -> argparse.ArgumentParser:
    import argparse

    parser = argparse.ArgumentParser(
        prog=prog,
        description="Print the names of the constants in Lean 4 .olean files, one a line, in file "
        "order, as Lean prints names. Reads every header Lean 4 has had since 2022.",
        epilog="Exit status: 0; 1 if a file is damaged or cannot be read (one line on standard "
        "error names it; the other files are still read); 2 for wrong usage.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="an .olean file, or - for stdin")
    what = parser.add_mutually_exclusive_group()
    add = what.add_argument
    add("--imports", action="store_true", help="the modules imported, not the constants")
    add("--extra", action="store_true", help="extraConstNames, which only the code generator knows")
    add("--header", action="store_true", help="what the header states")
    add("--check", action="store_true", help="check stored hashes, and constNames with constants")
    add("--kinds", action="store_true", help=f"each constant's kind and a tab: {', '.join(KINDS)}")
    add = parser.add_argument
    add("--user", action="store_true", help="no compiler-made, private, hygienic or numbered names")
    add("--plain", action="store_true", help="bare dotted components, no guillemets")
    add("--lean-scopes", action="store_true", help="«_@» where a macro scope is not the name's end")
    add("--json", action="store_true", help="one JSON object a line for each file")
    return parser


def _facts(header: Header, size: int) -> dict[str, str | int | None]:
    """Return the header as ``--header`` shows it; addresses in hexadecimal."""
    bignums = {None: None, True: "GMP", False: "Lean"}[header.gmp]
    return {
        "format": header.format,
        "written by": WRITTEN_BY[header.format],
        "lean version": header.version,
        "githash": header.githash,
        "bignums": bignums,
        "base": f"{header.base:#x}",
        "root": f"{header.root:#x}",
        "first object": f"{header.first:#x}",
        "size": size,
    }


def _print_file(olean: Olean, options: argparse.Namespace, write: Callable[[str], object]) -> None:
    if options.header:
        facts = _facts(olean.header, olean.size)
        write("".join(f"{key}: {'-' if v is None else v}\n" for key, v in facts.items()))
    elif options.check:
        constants, names = olean.check()
        write(f"{_printable(olean.path)}: sound: {constants} constants, {names} names\n")
    else:
        source = "imports" if options.imports else "extra" if options.extra else "constants"
        asked = {"kinds": options.kinds, "plain": options.plain, "user": options.user}
        for tags, block in olean.blocks(source, **asked):
            if options.kinds:
                block = [f"{KINDS[tag]}\t{n}" for tag, n in zip(tags, block, strict=True)]
            if block:
                write("\n".join(block) + "\n")


def _print_json(olean: Olean, options: argparse.Namespace, write: Callable[[str], object]) -> None:
    """Write the rest of the object that `main` began, all but its closing brace."""
    from json import dumps

    if options.header:
        write(f', "header": {dumps(_facts(olean.header, olean.size))}')
    elif options.check:
        constants, names = olean.check()
        write(f', "check": {{"constants": {constants}, "names": {names}}}')
    else:
        source = "imports" if options.imports else "extra" if options.extra else "constants"
        asked = {"kinds": options.kinds, "plain": options.plain, "user": options.user}
        write(f', "{source}": [')
        try:
            comma = ""
            for tags, block in olean.blocks(source, **asked):
                for tag, name in zip(tags, block, strict=True):
                    item = {"name": name, "kind": KINDS[tag]} if options.kinds else name
                    write(comma + dumps(item, ensure_ascii=False))
                    comma = ", "
        finally:
            write("]")


def main(argv: list[str], prog: str = "gaugeblock olean") -> int:
    """Run the command; return 0, or 1 if a file was damaged or could not be read."""
    parser = _parser(prog)
    options = parser.parse_args(argv)
    if options.user and (options.imports or options.header or options.check):
        parser.error("--user goes with constants and --extra only")
    show = _print_json if options.json else _print_file
    status = 0

    def write(text: str, flush: bool = False) -> None:
        try:
            sys.stdout.buffer.write(text.encode())
            if flush:
                sys.stdout.buffer.flush()
        except OSError as error:
            raise _OutputError from error

    try:
        for path in options.files:
            problem = ""
            if options.json:
                from json import dumps

                write(f'{{"file": {dumps(path)}')
            try:
                with Olean(path, lean_scopes=options.lean_scopes) as olean:
                    show(olean, options, write)
            except OleanError as error:
                problem = str(error)
            except OSError as error:
                problem = f"{_printable(path)}: {error.strerror or error}"
            if options.json:
                write(f', "error": {dumps(problem)}}}\n' if problem else "}\n")
            if problem:
                status = 1
                write("", flush=True)
                print(f"{prog}: {problem}", file=sys.stderr)
        write("", flush=True)
    except _OutputError as error:
        # Leave no stream that the interpreter would flush, in vain, at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error.__cause__, BrokenPipeError):
            print(f"{prog}: standard output: {error.__cause__}", file=sys.stderr)
        return 1
    return status


class _OutputError(Exception):
    """Standard output cannot be written."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.path.basename(sys.argv[0])))
