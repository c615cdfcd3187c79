"""Texts scored by a server: the reply of the completions form with ``echo`` and ``logprobs``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds.leaves import Position
from gaugeblock.logprobs.rows import TopEntry, parse_entry

_BYTES = re.compile(r"bytes:(\\x[0-9a-f]{2})+")


@dataclass(frozen=True)
class ScoredToken:
    """One token of a text that a server scored.

    Attributes:
        key: its bytes.
        position: what was listed at its place; None for the first token, which follows nothing.
    """

    key: bytes
    position: Position | None


def token_bytes(name: str) -> bytes:
    r"""Return the bytes behind a token's name; ``bytes:\xe2\x80`` stands for half characters."""
    if _BYTES.fullmatch(name):
        return bytes.fromhex(name.removeprefix("bytes:").replace("\\x", ""))
    return name.encode("utf-8", "surrogatepass")


def read_echo(body: Mapping[str, Any], k: int, where: str = "") -> list[ScoredToken]:
    """Read a reply of the completions form that repeats its prompt with logprobs.

    Args:
        body: the reply.
        k: how many tokens were asked for.
        where: the endpoint, for errors.

    Raises:
        GaugeblockError: if the reply scores nothing.
    """
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, Sequence) and choices else None
    found = first.get("logprobs") if isinstance(first, Mapping) else None
    if not isinstance(found, Mapping) or not found.get("tokens"):
        raise GaugeblockError(
            "the endpoint scores no texts: its answer has no choices[0].logprobs.tokens",
            where=where or None,
            remedy="The server must offer the completions form with echo and logprobs",
        )
    names, values = found["tokens"], found.get("token_logprobs") or []
    tops = found.get("top_logprobs") or []
    tokens = []
    for place, name in enumerate(names):
        value = values[place] if place < len(values) else None
        listed = tops[place] if place < len(tops) and isinstance(tops[place], Mapping) else {}
        entries = {token: _entry(token, number, where) for token, number in listed.items()}
        if value is not None:
            entries.setdefault(name, _entry(name, value, where))
        position = Position(tuple(entries.values()), token_bytes(name), k) if entries else None
        tokens.append(ScoredToken(token_bytes(name), position))
    return tokens


def _entry(name: str, logprob: object, where: str) -> TopEntry:
    key = list(token_bytes(name))
    return parse_entry({"token": name, "bytes": key, "logprob": logprob}, where)


def positions_after(
    tokens: Sequence[ScoredToken], context: str, text: str, where: str = ""
) -> list[Position]:
    """Return the positions of ``text`` in the tokens of ``context + text``.

    A token that begins in the context and ends in the text belongs to the text; what the server
    wrote after it is left out.

    Args:
        tokens: from :func:`read_echo`.
        context: what the text follows.
        text: the text.
        where: the endpoint, for errors.

    Raises:
        GaugeblockError: if the tokens do not spell context and text, or the text has no logprobs.
    """
    start, end = len(context.encode()), len((context + text).encode())
    joined = b"".join(token.key for token in tokens)
    # Some tokenizers begin every text with a token of their own, such as <s>.
    shift = joined.find((context + text).encode())
    if shift < 0:
        raise GaugeblockError(
            "the scored tokens do not spell the text that was sent",
            where=where or None,
            remedy="The server loses bytes; ask one that lists them",
        )
    found, place = [], -shift
    for token in tokens:
        begin, place = place, place + len(token.key)
        if place > start and begin < end and token.key:
            if token.position is None:
                raise GaugeblockError(
                    "a token of the text has no logprob",
                    where=where or None,
                    remedy="The text must follow at least one token",
                )
            found.append(token.position)
    return found
