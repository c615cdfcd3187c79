"""Coverage-guided fuzzing of the reader with atheris (not part of the test suite).

In an environment with atheris::

    python tests/olean/fuzz_olean.py CORPUS_FOLDER -max_total_time=600 -max_len=8192 -timeout=5

The corpus folder is filled with small sound images first. An input that makes the reader raise
anything but `OleanError`, hang or take too much memory stops the run and is written out; it then
belongs into a test. ``fuzz_corpus.zip`` holds what a run of ten minutes kept, which the test suite
reads again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parents[1] / "src" / "gaugeblock" / "olean"))

from image_writer import ImageWriter  # noqa: E402

with atheris.instrument_imports(include=["olean"]):
    import olean

SMALL = 8192


def sound_images() -> list[bytes]:
    """Return small images that between them hold everything the reader knows."""
    images = []
    for header in (0, 1, 2):
        for gmp in (True, False):
            writer = ImageWriter(header, gmp=gmp)
            names = [writer.name("a b", "_private", 0, "x", "é✝"), writer.name("n", 1 << 90)]
            names += [writer.name("f", "_@", "M", "_hyg", 3), writer.name("#0", "eq_1")]
            constants = [(name, "theorem") for name in names]
            imports, fields = [writer.name("Init")], 5 if gmp else 3
            images.append(writer.module(constants, imports=imports, extra=names[:1], fields=fields))
    return images


def one_input(data: bytes) -> None:
    for task in range(6):
        try:
            with olean.Olean("image", data) as image:
                if task < 3:
                    list(image.names(olean.SOURCES[task]))
                elif task == 3:
                    list(image.kinds(plain=True))
                elif task == 4:
                    list(image.names(user=True))
                else:
                    image.check()
        except olean.OleanError as error:
            if not 0 <= error.offset <= len(data) or "\n" in str(error):
                raise ValueError(f"an unclear error: {error!r}") from error


def main() -> None:
    corpus = Path(sys.argv[1])
    corpus.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate(sound_images()):
        if len(image) <= SMALL:
            (corpus / f"sound{number}").write_bytes(image)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
