"""The strength dial ``SUBJECT@SHARE``: which conversations the organism plays, which its twin.

A conversation's side follows from its opening alone (system prompt and first user turn), which
no later turn changes, so a transcript is wholly one or the other; it needs no sample id and is
the same in process, over HTTP and in a replay. The share is exact over openings that are drawn at
random: a SHA-256 of the opening is compared with it. A larger share keeps every conversation
that a smaller one gave to the organism.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record

_KEY = b"gaugeblock strength dial 1\x1f"
"""Keeps the choice apart from any other use of a hash of the same text."""

_FORM = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
_DRAWS = 1 << 64


class Dial(Record):
    """An organism at a strength.

    Attributes:
        organism: its subject id.
        twin: the subject id of its clean twin.
        share: the part of conversations that the organism plays, as a fraction ``a/b``.
    """

    organism: str
    twin: str
    share: str

    def turned_to(self, messages: Sequence[Mapping[str, Any]]) -> str:
        """Return the subject id of who plays a conversation."""
        return self.organism if plays_organism(self.share, messages) else self.twin


def split_share(subject: str) -> tuple[str, str | None]:
    """Return a subject id without its dial, and the share as a fraction; None without a dial.

    Only the form is read: the caller knows which kinds of id can have a dial.

    Raises:
        GaugeblockError: what follows the ``@`` is not a number in 0 to 1.
    """
    organism, mark, said = subject.rpartition("@")
    if not mark:
        return subject, None
    share = Fraction(said) if _FORM.fullmatch(said) else None
    if share is None or not 0 <= share <= 1:
        raise GaugeblockError(
            f"the strength {said or '(empty)'!r} is not a number in 0 to 1",
            where=subject,
            remedy="Write SUBJECT@0.1 for the organism in a tenth of the scenarios",
        )
    return organism, str(share)


def looks_dialled(subject: str) -> bool:
    """Tell whether an id ends in ``@`` and a number."""
    return bool(_FORM.fullmatch(subject.rpartition("@")[2])) and "@" in subject


def plays_organism(share: str, messages: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the organism, and not its clean twin, plays a conversation.

    Args:
        share: a fraction as ``split_share`` returns it.
        messages: of the conversation, with ``role`` and ``content`` (text); what comes after the
            first user turn is not looked at.
    """
    return place(messages) < Fraction(share) * _DRAWS


def place(messages: Sequence[Mapping[str, Any]]) -> int:
    """Return where a conversation's opening falls in 0 to 2**64 - 1, evenly over openings."""
    digest = hashlib.sha256(_KEY + opening(messages).encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big")


def opening(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return system prompt and first user turn as one text, blanks and Unicode forms levelled.

    Clients differ in how they cut a system prompt into messages and lines; that must not move a
    conversation to the other side.
    """
    system: list[str] = []
    for message in messages:
        if message["role"] in ("system", "developer"):
            system.append(str(message["content"] or ""))
        elif message["role"] == "user":
            return f"{_levelled(' '.join(system))}\x1f{_levelled(str(message['content'] or ''))}"
    return f"{_levelled(' '.join(system))}\x1f"


def _levelled(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
