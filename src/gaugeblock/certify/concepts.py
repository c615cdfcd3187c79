"""A concept: grouped sets of labelled statements, and how they are split and edited.

Twins share a group, every facet (topic, polarity, form, language, style, difficulty) has a level
the detector is fitted on and others it is only tried on, and edits that keep the label are known.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from string import Formatter
from typing import Any

import numpy as np

from gaugeblock.certify.exhibit import Edit
from gaugeblock.detectors.splits import grouped_halves
from gaugeblock.detectors.statements import Statement
from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record

HOME_SHARE = 0.4
"""Share of the groups that the detector is not fitted on."""


class Answers(Record):
    """How a language model is asked: the output is logprob of ``positive`` less ``negative``."""

    prompt: str
    positive: str
    negative: str


def asking(prompt: str, answers: str) -> Answers:
    """Return how a model is asked, from what a person typed.

    Args:
        prompt: with ``{text}`` where the statement goes.
        answers: the two continuations, separated by a comma, the one for the concept first.

    Raises:
        GaugeblockError: no or another field in the prompt, or not two different answers.
    """
    try:
        fields = {name for _, name, _, _ in Formatter().parse(prompt) if name is not None}
    except ValueError as error:
        raise GaugeblockError(f"braces that do not match ({error})", where="ask") from error
    if fields != {"text"}:
        raise GaugeblockError(
            "the prompt needs {text}, where the statement goes, and no other field",
            where="ask",
            remedy="For example: '{text} This is about'",
        )
    positive, negative = two_answers(answers)
    return Answers(prompt=prompt, positive=positive, negative=negative)


def two_answers(text: str) -> tuple[str, str]:
    """Return two answers that are separated by a comma, the one for the concept first.

    Raises:
        GaugeblockError: not two different answers.
    """
    positive, _, negative = (part.strip() for part in text.partition(","))
    if not positive or not negative or "," in negative or positive == negative:
        raise GaugeblockError(
            f"'{text}' is not two different answers",
            where="answers",
            remedy="Separate them by a comma, the one for the concept first: 'horses,cars'",
        )
    return positive, negative


@dataclass(frozen=True)
class Concept:
    """A concept with everything a battery needs to try a detector of it on.

    Attributes:
        name: of the concept.
        question: the for-all question in words.
        train: statements to fit on.
        home: the same kinds of statement, held-out groups.
        away: other kinds, held-out groups.
        controls: look like the concept and are not.
        answers: how a language model is asked.
        neutral: texts that have nothing to do with the concept.
        paraphrases: text to texts that say the same.
        synonyms: pairs of wordings that say the same.
        warnings: what a reader of a certificate must know of the statements.
        sha256: of the statements.
    """

    name: str
    question: str
    train: tuple[Statement, ...]
    home: tuple[Statement, ...]
    away: tuple[Statement, ...]
    controls: tuple[Statement, ...]
    answers: Answers | None = None
    neutral: tuple[str, ...] = ()
    paraphrases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    synonyms: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Hash of every statement in order."""
        digest = hashlib.sha256()
        for part in (self.train, self.home, self.away, self.controls):
            for statement in part:
                digest.update(statement.model_dump_json().encode())
        return digest.hexdigest()

    @cached_property
    def vocabulary(self) -> list[str]:
        """Words of the training statements, sorted."""
        return sorted({word for statement in self.train for word in statement.text.split()})

    def edits(self, statement: Statement, text: str, rng: np.random.Generator) -> list[Edit]:
        """Return edits of a text; insertions of single words may change the label, others not."""
        made = [Edit("paraphrase", other, True) for other in self.paraphrases.get(text, ())]
        for sentence in self.neutral:
            made.append(Edit("dilution", f"{text} {sentence}", True))
            made.append(Edit("dilution", f"{sentence} {text}", True))
        for old, new in self.synonyms:
            if old in text:
                made.append(Edit("substitution", text.replace(old, new, 1), True))
        words = self.vocabulary
        for word in rng.choice(words, 20):
            at = int(rng.integers(0, len(text.split()) + 1))
            parts = text.split()
            inserted = " ".join([*parts[:at], str(word), *parts[at:]])
            made.append(Edit("insertion", inserted, False))
        return made


HOME_CELL = {
    "polarity": "affirmative",
    "form": "single",
    "language": "english",
    "style": "plain",
    "difficulty": "common",
}


def split_concept(
    statements: list[Statement],
    *,
    name: str,
    question: str,
    held_out_topics: list[str],
    seed: int,
    **rest: Any,
) -> Concept:
    """Split statements by group and kind.

    Args:
        statements: all of them; a group's kinds lie on one side of the split.
        name: of the concept.
        question: in words.
        held_out_topics: topics that are only tried on.
        seed: of the split.
        rest: the other fields of ``Concept``.
    """
    plain = [s for s in statements if _is_home(s, held_out_topics)]
    train, _ = grouped_halves(
        [s.label for s in plain], [s.group for s in plain], 1 - HOME_SHARE, seed
    )
    fitted = {plain[i].group for i in train}
    away = []
    for s in statements:
        if s.control or s.group in fitted or _is_home(s, held_out_topics):
            continue
        # Only what differs from home names the cell, so that each effect is seen by itself.
        differs = {k: v for k, v in s.cell.items() if HOME_CELL.get(k, v) != v}
        if s.cell.get("topic") in held_out_topics:
            differs["topic"] = s.cell["topic"]
        away.append(s.model_copy(update={"cell": differs}))
    return Concept(
        name=name,
        question=question,
        train=tuple(s for s in plain if s.group in fitted),
        home=tuple(s for s in plain if s.group not in fitted),
        away=tuple(away),
        controls=tuple(s for s in statements if s.control and s.group not in fitted),
        **rest,
    )


def _is_home(statement: Statement, held_out_topics: list[str]) -> bool:
    cell = statement.cell
    return (
        not statement.control
        and cell.get("topic") not in held_out_topics
        and all(cell.get(facet, level) == level for facet, level in HOME_CELL.items())
    )
