"""Write a synthetic ``.olean`` image of a given size, shaped like the files of a large library.

The mix of names follows the public v4.13.0-rc3 files: for each declaration the constants the
compiler adds (``_cstage1``, ``_closed_3._cstage2``), equation lemmas, a tenth of the declarations
private with a numeric component, a few hygienic, a twentieth in need of guillemets; constNames in
no order, as Lean's hash map yields them; and about 2.5 kB of other objects for each constant,
written before it.
"""

from __future__ import annotations

import random
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "olean"))

from image_writer import Component, ImageWriter

BYTES_PER_CONSTANT = 2500
WORDS = ["add", "mul", "map", "comp", "symm", "trans", "apply", "ext", "iff", "mem", "sub", "union"]
WORDS += ["image", "lift", "range", "span", "norm", "inv", "pow", "smul", "dual", "cons", "fold"]
SPACES = ["Algebra", "Order", "Topology", "Category", "Logic", "Data", "Linear", "Measure", "Ring"]


def large_image(path: Path, size: int, seed: int = 3) -> tuple[int, int]:
    """Write an image of about `size` bytes; return its constants and their components."""
    draw = random.Random(seed)
    writer = ImageWriter(1)
    filler = bytearray()
    while len(filler) < BYTES_PER_CONSTANT - 250:
        filler += struct.pack("<iHBBQQQ", 0, 32, 2, 5, 1, 1, draw.getrandbits(63) | 1)
    names: list[tuple[Component, ...]] = []
    constants: list[tuple[int, str]] = []
    while len(writer.space) + 150 * len(constants) < size:
        space = tuple(draw.choices(SPACES, k=draw.choice((1, 2, 2, 3))))
        number = len(constants)
        word = f"{draw.choice(WORDS)}_{draw.choice(WORDS)}_{number}"
        stem: tuple[Component, ...] = (*space, word)
        if draw.random() < 0.05:
            stem = (*space, f"term{word}_+_")
        if draw.random() < 0.1:
            stem = ("_private", *space, 0, *stem)
        if draw.random() < 0.02:
            stem = (*stem, "_@", *space, "_hyg", number)
        family = [stem]
        if draw.random() < 0.5:
            closed = [(*stem, f"_closed_{i}", "_cstage2") for i in range(1, draw.randint(1, 6))]
            family += [(*stem, "_cstage1"), (*stem, "_cstage2"), *closed]
        else:
            family += [(*stem, f"eq_{i}") for i in range(1, draw.randint(1, 3))]
        for name in family:
            writer.allocate(bytes(filler))
            constants.append((writer.name(*name), draw.choice(("def", "theorem"))))
            names.append(name)
    draw.shuffle(constants)
    path.write_bytes(writer.module(constants, imports=[writer.name("Init")]))
    return len(constants), sum(map(len, names))


if __name__ == "__main__":
    print(large_image(Path(sys.argv[1]), int(sys.argv[2])))
