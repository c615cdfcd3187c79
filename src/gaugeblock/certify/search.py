"""Edit texts step by step, always keeping the edit that pushes the score furthest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaugeblock.certify.exhibit import Edit, EditKind, Exhibit, GuidedQuery
from gaugeblock.detectors.arrays import Ints

BLIND: tuple[EditKind, ...] = ("paraphrase", "dilution", "substitution", "insertion")
GUIDED: tuple[EditKind, ...] = ("guided dilution", "guided substitution")
KINDS = BLIND + GUIDED


@dataclass(frozen=True)
class Flip:
    """A text that was on the right side and, after edits, no longer is."""

    kind: EditKind
    before: str
    after: str
    label: int
    score: float
    edits: int
    keeps_label: bool


def search(
    exhibit: Exhibit,
    pick: Ints,
    kind: EditKind,
    cut: float,
    depth: int,
    width: int,
    tried: set[int],
    rng: np.random.Generator,
) -> tuple[list[Flip], int]:
    """Return the flips that edits of one kind achieve, and how many texts were scored.

    Args:
        exhibit: what is on trial; it must be able to read new texts.
        pick: rows of ``home`` to start from, all on the right side of the threshold.
        kind: of edit.
        cut: the threshold.
        depth: most edits of one text.
        width: candidates per edit.
        tried: gets the rows for which there was an edit to try.
        rng: chooses among the candidates of the unguided kinds.
    """
    assert exhibit.read is not None
    current = {int(i): (exhibit.home.texts[i], True) for i in pick}
    flips: list[Flip] = []
    read = 0
    for edits in range(1, depth + 1):
        batch: list[tuple[int, Edit]] = []
        options = _options(exhibit, {i: text for i, (text, _) in current.items()}, kind, width, rng)
        for i, found in options.items():
            kept = current[i][1]
            batch += [(i, Edit(kind, edit.text, edit.keeps_label and kept)) for edit in found]
        if not batch:
            break
        tried.update(i for i, _ in batch)
        scores = exhibit.probe.score(exhibit.read([edit.text for _, edit in batch]))
        read += len(batch)
        best: dict[int, tuple[float, Edit]] = {}
        for (i, edit), score in zip(batch, scores, strict=True):
            push = -score if exhibit.home.statements[i].label == 1 else score
            if i not in best or push > best[i][0]:
                best[i] = (float(push), edit)
        for i, (push, edit) in best.items():
            label = exhibit.home.statements[i].label
            score = -push if label == 1 else push
            current[i] = (edit.text, edit.keeps_label)
            if (score > cut) != (label == 1):
                before = exhibit.home.texts[i]
                flips.append(Flip(kind, before, edit.text, label, score, edits, edit.keeps_label))
                del current[i]
    return flips, read


def _options(
    exhibit: Exhibit, current: dict[int, str], kind: EditKind, width: int, rng: np.random.Generator
) -> dict[int, list[Edit]]:
    statements = exhibit.home.statements
    if kind in GUIDED:
        if exhibit.guided is None:
            return {}
        queries = [
            GuidedQuery(statements[i], text, statements[i].label == 0, kind, width)
            for i, text in current.items()
        ]
        return dict(zip(current, exhibit.guided(queries), strict=True))
    assert exhibit.edits is not None
    out = {}
    for i, text in current.items():
        made = [edit for edit in exhibit.edits(statements[i], text, rng) if edit.kind == kind]
        out[i] = [made[index] for index in rng.permutation(len(made))[:width]]
    return out
