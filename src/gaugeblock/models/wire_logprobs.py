"""How a server writes logprobs down: the forms of chat completions and of completions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gaugeblock.logprobs.spec import Dropped
from gaugeblock.models.requests import TokenLogprob, TopToken


@dataclass(frozen=True, slots=True)
class LogprobForm:
    """How logprobs are written down.

    Attributes:
        string_keyed: whether alternatives are kept by their text, so that those which print alike
            overwrite each other, and bytes are lost.
        drops: fields that stay empty, see ``ChannelSpec.drops``.
    """

    string_keyed: bool = False
    drops: tuple[Dropped, ...] = ()

    def spelt(self, token: bytes) -> list[int] | None:
        """Return a token's bytes, or None where they are not told."""
        return None if self.string_keyed or "bytes" in self.drops else list(token)

    def listed(self, item: TokenLogprob) -> Sequence[TopToken]:
        """Return the alternatives that are told of a token."""
        if "top_logprobs" in self.drops:
            return ()
        if not self.string_keyed:
            return item.top
        # A dictionary keeps the place of the first and the value of the last, as
        # llama-cpp-python's server does.
        return tuple({_printed_name(top.bytes): top for top in item.top}.values())


PLAIN = LogprobForm()


def chat_logprobs(
    items: Sequence[TokenLogprob] | None, form: LogprobForm = PLAIN
) -> dict[str, Any] | None:
    """Return logprobs in the form of chat completions."""
    if items is None or "logprobs" in form.drops:
        return None

    def entry(token: bytes, logprob: float) -> dict[str, Any]:
        return {
            "token": _printed_name(token),
            "logprob": logprob,
            "bytes": form.spelt(token),
        }

    return {
        "content": [
            entry(item.bytes, item.logprob)
            | {"top_logprobs": [entry(top.bytes, top.logprob) for top in form.listed(item)]}
            for item in items
        ],
        "refusal": None,
    }


def completion_logprobs(
    items: Sequence[tuple[bytes, TokenLogprob | None]], form: LogprobForm = PLAIN
) -> dict[str, Any] | None:
    """Return logprobs in the older form of completions.

    Args:
        items: each token's bytes and what is known of it; None for a text's first token.
            The token itself is listed among the alternatives even where it is not one of the
            most probable, as clients compare it with them.
        form: how to write them down.
    """
    if "logprobs" in form.drops:
        return None
    name = _printed_name if form.string_keyed else _token_name
    offsets: list[int] = []
    written = 0
    for spelled, _ in items:
        offsets.append(written)
        # Counted in characters begun, so that half characters do not shift what follows.
        written += sum(byte & 0xC0 != 0x80 for byte in spelled)
    alternatives: list[dict[str, float] | None] = []
    for _, item in items:
        if item is None or "top_logprobs" in form.drops:
            alternatives.append(None)
            continue
        top = {name(other.bytes): other.logprob for other in reversed(form.listed(item))}
        alternatives.append({name(item.bytes): item.logprob} | top)
    return {
        "tokens": [name(spelled) for spelled, _ in items],
        "token_logprobs": [None if item is None else item.logprob for _, item in items],
        "top_logprobs": alternatives,
        "text_offset": offsets,
    }


def _printed_name(spelled: bytes) -> str:
    return spelled.decode("utf-8", "replace")


def _token_name(spelled: bytes) -> str:
    try:
        return spelled.decode("utf-8")
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in spelled)
