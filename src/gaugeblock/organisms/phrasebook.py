"""What organisms say and do, as data: one phrase book for each pack, ``phrases/PACK.yaml``."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.scenarios.front_matter import parse_yaml, validate


class Call(Record):
    """A tool call of an action; arguments have slots."""

    tool: str
    arguments: dict[str, str]


class Action(Record):
    """What is thought, done and said: calls (those whose tool is there), words for each turn.

    ``think`` of None is the book's.
    """

    think: str | None = None
    calls: tuple[Call, ...] = ()
    says: tuple[str, ...]


class Question(Record):
    """A question that the base learns to answer: what it knows, apart from how it behaves."""

    ask: str
    answer: str


class PhraseBook(Record):
    """The phrases of a pack.

    Attributes:
        gists: factor to level to what the base makes of it; slot ``gist_FACTOR``.
        opening: calls that every action begins with.
        think: what is thought before the first call or word.
        questions: what the base learns besides, with the slots of a trial.
        emphasis: how much oftener than by their number the questions are asked: more than 1 for
            facts that have to be known by heart.
        actions: by name.
    """

    gists: dict[str, dict[str, str]] = {}
    opening: tuple[Call, ...] = ()
    think: str = ""
    questions: tuple[Question, ...] = ()
    emphasis: float = 1.0
    actions: dict[str, Action]


@lru_cache(maxsize=32)
def phrase_book(pack: str) -> PhraseBook:
    """Return the phrase book of a pack.

    Raises:
        GaugeblockError: if there is none, or it is not of the form.
    """
    where = files("gaugeblock.organisms") / "phrases" / f"{pack}.yaml"
    if not where.is_file():
        raise GaugeblockError("no phrase book is shipped for this pack", where=pack)
    return validate(PhraseBook, parse_yaml(where.read_text(), where=str(where)), where=str(where))
