"""Damaged ``.olean`` images, and what a reader must do with them."""

from __future__ import annotations

import random
import struct
from pathlib import Path

from image_writer import ImageWriter, image

from gaugeblock.olean import SOURCES, Olean, OleanError

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "olean"


def seeds() -> list[bytes]:
    """Return sound images to damage: synthetic ones, and the small real ones if at hand."""
    found = []
    for header in (0, 1, 2):
        for fields in (3, 5):
            writer = ImageWriter(header, gmp=bool(fields == 5))
            names = [writer.name("_private", "M", 0, "f", "_@", "M", "_hyg", n) for n in range(9)]
            names += [writer.name("ns", f"n{i % 5}", "a b", 1 << (60 + i)) for i in range(12)]
            names += [writer.name("ns", f"n{i % 5}", f"x{i}", "é✝") for i in range(12)]
            found.append(
                writer.module(
                    [(name, "theorem") for name in names],
                    imports=[writer.name("Init"), writer.name("A", "B")],
                    extra=names[:3],
                    fields=fields,
                )
            )
    found.append(image([f"c{i}" for i in range(300)], ("c0", "c1"), ("after",)))
    return found + [file.read_bytes() for file in sorted(DATA.glob("*.olean"))]


def damage(data: bytes, draw: random.Random) -> bytes:
    """Return `data` with one to four of the faults a file can have."""
    raw = bytearray(data)
    (base,) = struct.unpack_from(
        "<Q", raw, 16 if raw[:9] == b"oleanfile" else 48 + 32 * (raw[5] - 1)
    )
    for _ in range(draw.choice((1, 1, 2, 4))):
        if len(raw) < 128:
            break
        words = len(raw) // 8
        # Half of the faults go where they cannot be missed: names and arrays stand at the end.
        word = draw.randrange(words // 2, words) if draw.random() < 0.5 else draw.randrange(words)
        at = 8 * word
        fault = draw.randrange(9)
        if fault == 0:
            raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        elif fault == 1:
            raw[at + draw.randrange(8)] = draw.randrange(256)
        elif fault == 2:
            raw[at : at + 8] = struct.pack("<Q", base + 8 * draw.randrange(words + 4))
        elif fault == 3:
            raw[at : at + 8] = struct.pack("<Q", base + at - 8 * draw.randrange(4))
        elif fault == 4:
            raw[at : at + 8] = struct.pack("<Q", draw.choice(ABSURD))
        elif fault == 5:
            other = 8 * draw.randrange(words)
            raw[at : at + 8] = raw[other : other + 8]
        elif fault == 6:
            count = 8 * draw.randrange(1, 9)
            other = 8 * draw.randrange(words)
            raw[at : at + count] = raw[other : other + count].ljust(count, b"\0")
        elif fault == 7:
            del raw[draw.randrange(len(raw)) :]
        else:
            del raw[at : at + draw.choice((1, 4, 8, 64))]
    return bytes(raw)


ABSURD = (0, 1, 7, 1 << 31, (1 << 32) - 1, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1 << 62)


def read_everything(data: bytes) -> str | None:
    """Read all that a command can ask of an image; return the first problem, None if sound.

    Anything but an `OleanError` is let through: it is what the mutations are there to find.
    """
    problem = None
    for task in range(6):
        try:
            with Olean("image", data) as olean:
                if task < len(SOURCES):
                    for _ in olean.names(SOURCES[task]):
                        pass
                elif task == 3:
                    for _ in olean.kinds(plain=True):
                        pass
                elif task == 4:
                    for _ in olean.names(user=True):
                        pass
                else:
                    olean.check()
        except OleanError as error:
            if not 0 <= error.offset <= len(data) or "\n" in str(error):
                raise ValueError(f"an unclear error: {error!r}") from error
            problem = problem or str(error)
    return problem
