"""The concepts that come with the package, written from YAML in ``data``."""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

from gaugeblock.certify.concepts import Answers, Concept, split_concept
from gaugeblock.certify.nouns import write_nouns
from gaugeblock.certify.relations import write_relations
from gaugeblock.errors import GaugeblockError


def concept_names() -> tuple[str, ...]:
    """Return the shipped concepts."""
    folder = resources.files(__package__).joinpath("data")
    return tuple(sorted(p.name[:-5] for p in folder.iterdir() if p.name.endswith(".yaml")))


def load_concept(name: str, seed: int = 0) -> Concept:
    """Return a shipped concept, its groups split by ``seed``.

    Raises:
        GaugeblockError: no such concept.
    """
    if name not in concept_names():
        raise GaugeblockError(
            f"no concept '{name}'",
            where="concept",
            remedy=f"One of {', '.join(concept_names())}, or a CSV with statement and label",
        )
    path = resources.files(__package__).joinpath("data", f"{name}.yaml")
    data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    write = {"relations": write_relations, "nouns": write_nouns}[data["kind"]]
    statements, paraphrases = write(data, seed)
    return split_concept(
        statements,
        name=data["concept"],
        question=data["question"],
        held_out_topics=data["held_out_topics"],
        seed=seed,
        answers=Answers.model_validate(data["answers"]),
        neutral=tuple(data["dilution"]),
        paraphrases=paraphrases,
        synonyms=tuple((old, new) for old, new in data["synonyms"]),
    )
