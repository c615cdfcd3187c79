"""Tables of the docs that a benchmark writes: they stand between marks that name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def write_marked(page: Path, script: str, parts: Mapping[str, Sequence[str]]) -> None:
    """Put lines between ``<!-- NAME: benchmarks/SCRIPT -->`` and ``<!-- end NAME -->``.

    Raises:
        SystemExit: the page has no such place; it is then left as it was.
    """
    text = page.read_text(encoding="utf-8")
    for name, lines in parts.items():
        begin, end = f"<!-- {name}: benchmarks/{script} -->\n", f"<!-- end {name} -->"
        head, _, rest = text.partition(begin)
        if not rest:
            raise SystemExit(f"{page} has no place for '{name}'")
        text = head + begin + "\n".join(lines) + "\n" + end + rest.partition(end)[2]
    page.write_text(text, encoding="utf-8")
