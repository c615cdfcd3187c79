"""How an answer may be spelt, in bytes, and what a beginning of a text says about it.

A model asked for "Yes" may write ``Yes``, `` yes``, ``YES.`` or ``**Yes**``, in one token or in
several. Texts are compared by bytes, never by the strings that tokens print as: several distinct
tokens print as U+FFFD, and half a character is no string at all.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from gaugeblock.errors import GaugeblockError

# What may stand before an answer without being part of it.
LEAD = b" \t\r\n\"'`*([{"
# What a piece of a character prints as.
UNPRINTABLE = "\ufffd".encode()
_FULL_WIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}


@dataclass(frozen=True)
class Answer:
    """One possible answer.

    Attributes:
        name: what it is called in results.
        spellings: the byte strings that count as this answer, without anything before it.
    """

    name: str
    spellings: frozenset[bytes]


def spell(text: str, *, cases: bool = True) -> frozenset[bytes]:
    """Return the spellings of a text: cases, composed and decomposed Unicode, full-width digits.

    Args:
        text: the answer's words.
        cases: whether ``YES``, ``yes`` and ``Yes`` are the same answer. Switch it off for the
            letters of a multiple choice, where "a" is also an article.

    Raises:
        GaugeblockError: if nothing is left once leading blanks and quotes are gone.
    """
    plain = text.strip()
    found = {plain, plain.translate(_FULL_WIDTH)}
    if cases:
        found |= {plain.lower(), plain.upper(), plain.capitalize(), plain[:1].upper() + plain[1:]}
    forms: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
    encoded = {unicodedata.normalize(form, item).encode() for item in found for form in forms}
    spellings = frozenset(item.lstrip(LEAD) for item in encoded)
    if b"" in spellings:
        raise GaugeblockError("an answer has no letters or digits", where=repr(text))
    return spellings


def make_answers(texts: Mapping[str, Sequence[str] | str], *, cases: bool = True) -> list[Answer]:
    """Return answers from their names and texts.

    Args:
        texts: for each name one text or several that mean the same.
        cases: see :func:`spell`.

    Raises:
        GaugeblockError: if there are none, or two answers share a spelling.
    """
    answers = []
    owner: dict[bytes, str] = {}
    for name, given in texts.items():
        spellings: frozenset[bytes] = frozenset()
        for text in (given,) if isinstance(given, str) else given:
            spellings |= spell(text, cases=cases)
        for item in spellings:
            if owner.setdefault(item, name) != name:
                raise GaugeblockError(f"{item.decode()!r} spells both {owner[item]} and {name}")
        answers.append(Answer(name, spellings))
    if not answers:
        raise GaugeblockError("there are no answers to gather")
    return answers


@dataclass(frozen=True)
class Meaning:
    """What the beginning of a text says.

    Attributes:
        spelt: place of the answer that it spells, or None.
        may_become: places of the answers, other than the one spelt, that it may go on to.
    """

    spelt: int | None
    may_become: frozenset[int]

    @property
    def settled(self) -> bool:
        """Whether what follows cannot change the answer."""
        return not self.may_become


def _ends_word(spelling: bytes, rest: bytes) -> bool:
    """Whether ``rest``, right after a spelling, shows that the answer's word is over."""
    if not rest:
        return True
    first = rest[:1]
    if first.isalnum() or first == b"_" or first >= b"\x80":
        return False
    digit = spelling[-1:].isdigit()
    # 7.5 and 1,000 are other numbers than 7 and 1.
    return not (digit and first in b".," and rest[1:2].isdigit())


def read_beginning(
    text: bytes, answers: Sequence[Answer], *, ended: bool = False, exact: bool = False
) -> Meaning:
    """Say which answer a text spells and which it may still become.

    Args:
        text: the first bytes of what the model writes.
        answers: the possible answers.
        ended: whether nothing follows.
        exact: count only texts that are a spelling and nothing else but blanks, and take no
            text for a beginning: the convention of tools that look at single tokens.
    """
    if exact:
        bare = text.strip()
        whole = [i for i, answer in enumerate(answers) if bare in answer.spellings]
        return Meaning(whole[0] if whole else None, frozenset())
    rest = text.lstrip(LEAD)
    # A character cut in two prints as U+FFFD where the API gives no bytes.
    cut = rest.endswith(UNPRINTABLE)
    known = rest.split(UNPRINTABLE)[0] if cut else rest
    spelt, longest = None, 0
    may_become: set[int] = set()
    for place, answer in enumerate(answers):
        for spelling in answer.spellings:
            if rest.startswith(spelling) and _ends_word(spelling, rest[len(spelling) :]):
                if len(spelling) > longest:
                    spelt, longest = place, len(spelling)
            elif not ended and len(known) < len(spelling) and spelling.startswith(known):
                fits = not cut or spelling[len(known)] >= 0x80
                may_become |= {place} if fits else set()
    return Meaning(spelt, frozenset(may_become - {spelt}))
