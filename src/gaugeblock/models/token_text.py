"""What a single token spells, in bytes.

Decoding token by token through the tokenizer loses half characters and leading spaces, so the
vocabulary's own spelling is inverted: byte-level BPE writes each byte as one printable character
(Radford et al. 2019, GPT-2), SentencePiece writes a space as U+2581 and a stray byte as <0xNN>.
"""

from __future__ import annotations

import json
import re
from typing import Any

_STRAY_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>\Z")


def _byte_level_alphabet() -> dict[str, int]:
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in printable]
    alphabet = {chr(byte): byte for byte in printable}
    alphabet.update({chr(256 + offset): byte for offset, byte in enumerate(rest)})
    return alphabet


class TokenBytes:
    """Bytes of each token id of a tokenizer, looked up once and kept."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._known: dict[int, bytes] = {}
        self._added = {
            int(token_id): str(token.content)
            for token_id, token in tokenizer.added_tokens_decoder.items()
        }
        backend = getattr(tokenizer, "backend_tokenizer", None)
        decoder = json.loads(backend.to_str()).get("decoder") if backend is not None else None
        byte_level = "ByteLevel" in json.dumps(decoder)
        self._alphabet = _byte_level_alphabet() if byte_level else None

    def __call__(self, token_id: int) -> bytes:
        """Return what the token spells; empty for an id outside the vocabulary."""
        found = self._known.get(token_id)
        if found is None:
            found = self._known[token_id] = self._spell(token_id)
        return found

    def _spell(self, token_id: int) -> bytes:
        if token_id in self._added:
            return self._added[token_id].encode("utf-8", "replace")
        piece = self._tokenizer.convert_ids_to_tokens(token_id)
        if piece is None:
            return b""
        if self._alphabet is not None and all(char in self._alphabet for char in piece):
            return bytes(self._alphabet[char] for char in piece)
        stray = _STRAY_BYTE.match(piece)
        if stray:
            return bytes([int(stray[1], 16)])
        return str(piece).replace("▁", " ").encode("utf-8", "replace")
