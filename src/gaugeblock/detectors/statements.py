"""Labelled statements: the table every truth or topic set is read into, with groups of twins."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record

_WORD = re.compile(r"(?u)[^\W_]+")


class Statement(Record):
    """One labelled text.

    Attributes:
        text: the words.
        label: 1 where the concept holds (true; about horses), else 0.
        group: what its twins share; a split keeps a group on one side.
        cell: facet to level, such as {"topic": "capitals", "polarity": "negated"}.
        control: "" or the name of the control it belongs to, such as "on-topic": a text that
            looks like the concept and is not.
        paraphrase_of: key shared by statements that say the same; "" where none is known.
    """

    text: str
    label: int
    group: str
    cell: dict[str, str] = Field(default_factory=dict)
    control: str = ""
    paraphrase_of: str = ""


def load_statements(
    path: Path,
    *,
    group: str | Sequence[str] | None = None,
    pattern: str | None = None,
    cell: dict[str, str] | None = None,
) -> list[Statement]:
    """Return the statements of a CSV with columns ``statement`` and ``label``.

    Twins are found from the columns named in ``group``, or from ``pattern``, or, where neither
    is given, by ``rarest_word_groups``.

    Args:
        path: the file; a byte-order mark is allowed, empty lines are left out.
        group: column or columns whose values name the group.
        pattern: regular expression whose first capture in the statement names the group.
        cell: facets that all its statements share.

    Raises:
        GaugeblockError: no such file, a missing column, a label other than 0 or 1, a statement
            the pattern does not match.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            rows = [row for row in csv.DictReader(handle) if (row.get("statement") or "").strip()]
    except OSError as error:
        raise GaugeblockError("no such file", where=path) from error
    except UnicodeDecodeError as error:
        raise GaugeblockError("not UTF-8", where=path) from error
    wanted = [group] if isinstance(group, str) else list(group or ())
    columns = set(rows[0]) if rows else set()
    if missing := [name for name in ("statement", "label", *wanted) if name not in columns]:
        raise GaugeblockError(f"no column {', '.join(missing)}", where=path)
    texts = [" ".join(row["statement"].split()) for row in rows]
    if wanted:
        groups = ["|".join((row[name] or "").strip() for name in wanted) for row in rows]
    elif pattern:
        groups = [_captured(pattern, text, path) for text in texts]
    else:
        groups = rarest_word_groups(texts)
    return [
        Statement(text=text, label=_label(row["label"], path, i), group=name, cell=cell or {})
        for i, (row, text, name) in enumerate(zip(rows, texts, groups, strict=True))
    ]


def rarest_word_groups(texts: Sequence[str]) -> list[str]:
    """Return a guess at what twins share: of the words a text shares with others, the rarest.

    "The city of Krasnodar is in Russia" and its false twin share Krasnodar, which few other
    texts hold; a text that shares no word is its own group. Ties go to the earlier word.
    """
    words = [[word.lower() for word in _WORD.findall(text)] for text in texts]
    frequency = Counter(word for row in words for word in set(row))
    return [
        min(
            (word for word in row if frequency[word] > 1),
            key=lambda word: frequency[word],
            default=f"row {i}",
        )
        for i, row in enumerate(words)
    ]


def _captured(pattern: str, text: str, path: Path) -> str:
    try:
        found = re.search(pattern, text)
    except re.error as error:
        raise GaugeblockError(f"not a regular expression ({error})", where="pattern") from error
    if not found or not found.groups():
        raise GaugeblockError(f"the group pattern captures nothing in '{text}'", where=path)
    return str(found.group(1)).lower()


def _label(raw: str | None, path: Path, row: int) -> int:
    text = (raw or "").strip().lower()
    known = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "false": 0, "true": 1}
    if text not in known:
        raise GaugeblockError(f"label '{raw}' in row {row + 2} is not 0 or 1", where=path)
    return known[text]
