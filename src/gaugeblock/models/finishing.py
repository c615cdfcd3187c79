"""When a text is over, and what is left of it then."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from gaugeblock.models.requests import Finish, Generation, GenerationRequest, TokenLogprob


class StopStrings:
    """Finds stop strings in a text that comes token by token, across token boundaries."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(text.encode("utf-8", "replace") for text in stop)
        self._keep = max((len(text) for text in self._stop), default=0)
        self._tail = b""

    def feed(self, piece: bytes) -> bool:
        """Take in a token's bytes and tell whether a stop string is now complete."""
        if not self._stop:
            return False
        # Only the last stop string's worth of bytes can still complete a match.
        window = self._tail + piece
        self._tail = window[-self._keep :]
        return any(text in window for text in self._stop)


def finished(
    tokenizer: Any,
    request: GenerationRequest,
    tokens: Sequence[int],
    logprobs: Sequence[TokenLogprob],
    ends: Collection[int],
    finish: Finish,
) -> Generation:
    """Return the result: the text without the ending token and cut before a stop string."""
    ended = tokens[-1] in ends
    text = tokenizer.decode(
        list(tokens[:-1] if ended else tokens),
        # Reasoning and tool-call tags may be special tokens and belong to the text.
        skip_special_tokens=False,
        clean_up_tokenization_spaces=False,
    )
    cuts = [at for stop in request.stop if (at := text.find(stop)) >= 0]
    return Generation(
        tokens=tuple(tokens),
        text=text[: min(cuts)] if cuts else text,
        finish=finish,
        prompt_tokens=len(request.prompt),
        logprobs=tuple(logprobs) if request.logprobs else None,
    )
