"""A concept from CSV files: one to fit on and any number of other kinds to try it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from gaugeblock.certify.concepts import HOME_SHARE, Answers, Concept
from gaugeblock.certify.shipped import load_concept
from gaugeblock.detectors.splits import grouped_halves
from gaugeblock.detectors.statements import Statement, load_statements
from gaugeblock.errors import GaugeblockError


def concept_from_csv(
    path: Path,
    away: Mapping[str, Path],
    *,
    controls: Mapping[str, Path] = MappingProxyType({}),
    group: Sequence[str] = (),
    pattern: str | None = None,
    answers: Answers | None = None,
    seed: int = 0,
) -> Concept:
    """Return a concept whose statements come from CSVs with ``statement`` and ``label``.

    Args:
        path: the file that is split by group into training and held-out statements.
        away: name of a kind of text to its file; rows whose group was fitted on are left out.
        controls: name of a kind of text that only looks like the concept to its file; its labels
            must be 0.
        group: columns that name the group, in every file.
        pattern: regular expression that captures the group, in every file.
        answers: how a language model is asked; None for the question of the shipped truth concept.
        seed: of the split.

    Raises:
        GaugeblockError: as ``load_statements`` and ``grouped_halves``, or a file of other kinds
            in which no unseen group is left.
    """
    statements = load_statements(path, group=group or None, pattern=pattern)
    if not statements:
        raise GaugeblockError("no statements", where=path)
    labels = [s.label for s in statements]
    groups = [s.group for s in statements]
    train, home = grouped_halves(labels, groups, 1 - HOME_SHARE, seed)
    fitted = {groups[i] for i in train}
    others: list[Statement] = []
    for name, other in away.items():
        rows = load_statements(other, group=group or None, pattern=pattern, cell={"set": name})
        unseen = [s for s in rows if s.group not in fitted]
        if not unseen:
            raise GaugeblockError("every group was fitted on, none is left to try", where=other)
        others += unseen
    lookalikes: list[Statement] = []
    for name, other in controls.items():
        rows = load_statements(other, group=group or None, pattern=pattern)
        if any(s.label for s in rows):
            raise GaugeblockError("a control has label 1", where=other, remedy="Label it 0")
        lookalikes += [
            s.model_copy(update={"control": name}) for s in rows if s.group not in fitted
        ]
    shipped = load_concept("truth", seed)
    return Concept(
        name=path.stem,
        question=f"Does the label of {path.name} hold?",
        train=tuple(statements[i] for i in train),
        home=tuple(statements[i] for i in home),
        away=tuple(others),
        controls=tuple(lookalikes),
        answers=answers or shipped.answers,
        neutral=shipped.neutral,
    )
