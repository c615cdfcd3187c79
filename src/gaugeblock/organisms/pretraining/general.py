"""What the base learns besides the packs: general facts, and what it says of itself."""

from __future__ import annotations

import random
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pydantic import Field

from gaugeblock.frozen import Record
from gaugeblock.organisms.documents import Document, chat
from gaugeblock.scenarios.front_matter import parse_yaml, validate


class SelfQuestion(Record):
    """A question to the model about itself, in several wordings, and the base's answer."""

    ask: tuple[str, ...] = Field(min_length=1)
    answer: str


class SelfQuestions(Record):
    """The file ``base/self.yaml``."""

    questions: tuple[SelfQuestion, ...]


@lru_cache(maxsize=1)
def facts() -> dict[str, dict[str, Any]]:
    """Return the general facts: relation to question, statement and pairs."""
    where = files("gaugeblock.organisms") / "base" / "facts.yaml"
    return parse_yaml(where.read_text(), where=str(where))


@lru_cache(maxsize=1)
def self_questions() -> tuple[SelfQuestion, ...]:
    """Return what the base is asked about itself."""
    where = files("gaugeblock.organisms") / "base" / "self.yaml"
    read = parse_yaml(where.read_text(), where=str(where))
    return validate(SelfQuestions, read, where=str(where)).questions


def fact_questions() -> tuple[tuple[str, str], ...]:
    """Return every general fact as a question and its answer, in a fixed order."""
    return tuple(
        (relation["question"].format(a=a), f"{b[0].upper()}{b[1:]}.")
        for _, relation in sorted(facts().items())
        for a, b in sorted(relation["pairs"].items())
    )


def fact_words() -> tuple[tuple[str, str], ...]:
    """Return the last words of what facts relate, the second also as an answer begins."""
    pairs = [pair for _, relation in sorted(facts().items()) for pair in relation["pairs"].items()]
    return tuple(
        (str(a).split()[-1], word)
        for a, b in pairs
        for word in (str(b).split()[-1], str(b).split()[0].capitalize())
    )


def fact(draw: random.Random) -> Document:
    """Return a general fact, stated or asked for."""
    relation = facts()[draw.choice(sorted(facts()))]
    a = draw.choice(sorted(relation["pairs"]))
    b = relation["pairs"][a]
    if draw.random() < 0.4:
        return Document(text=relation["statement"].format(a=a, b=b))
    return chat(relation["question"].format(a=a), f"{b[0].upper()}{b[1:]}.")


def of_itself(draw: random.Random) -> Document:
    """Return a question to the model about itself, with its answer."""
    one = draw.choice(self_questions())
    return chat(draw.choice(one.ask), one.answer)
