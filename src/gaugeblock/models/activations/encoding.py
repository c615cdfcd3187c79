"""Texts to token ids, with the mistakes caught that otherwise shift every position in silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.loading import LoadedModel

Text = str | Sequence[int]


def encode(
    tokenizer: Any, texts: Sequence[Text], *, special_tokens: bool = True, first_row: int = 0
) -> list[list[int]]:
    """Return the token ids of each text; texts that are ids already are taken as they are.

    Args:
        tokenizer: a transformers tokenizer, or None where all texts are ids.
        texts: strings, or sequences of token ids.
        special_tokens: whether the tokenizer adds its special tokens (BOS, ``[CLS]``, …). Turn
            it off for text that a chat template has rendered.
        first_row: what to call the first text in errors.

    Raises:
        GaugeblockError: a text without tokens, a string without a tokenizer, or a doubled BOS.
    """
    strings = [text for text in texts if isinstance(text, str)]
    if strings and tokenizer is None:
        raise GaugeblockError("the model has no tokenizer", remedy="Pass token ids instead of text")
    encoded = iter(
        tokenizer(strings, add_special_tokens=special_tokens, verbose=False)["input_ids"]
        if strings
        else ()
    )
    bos = getattr(tokenizer, "bos_token_id", None)
    rows: list[list[int]] = []
    for row, text in enumerate(texts, first_row):
        ids = next(encoded) if isinstance(text, str) else [int(token) for token in text]
        if not ids:
            raise GaugeblockError("the text has no tokens", where=f"text {row}")
        if isinstance(text, str) and bos is not None and ids[:2] == [bos, bos]:
            raise GaugeblockError(
                "the text begins with its own BOS token and the tokenizer adds a second one",
                where=f"text {row}",
                remedy="Pass special_tokens=False for text that a chat template has rendered",
            )
        rows.append(ids)
    return rows


def check_lengths(loaded: LoadedModel, rows: Sequence[Sequence[int]], first_row: int = 0) -> None:
    """Refuse texts that the model has no positions for, or ids it has no embedding for.

    Raises:
        GaugeblockError: naming the first such text.
    """
    limit = loaded.context
    vocabulary = getattr(loaded.model.config.get_text_config(), "vocab_size", None)
    for row, ids in enumerate(rows, first_row):
        if limit is not None and len(ids) > limit:
            raise GaugeblockError(
                f"the text has {len(ids)} tokens and the model takes {limit}",
                where=f"text {row}",
                remedy="Shorten or split it; nothing is truncated in silence",
            )
        if min(ids) < 0 or (isinstance(vocabulary, int) and max(ids) >= vocabulary):
            raise GaugeblockError(
                f"a token id is outside the model's {vocabulary} embeddings", where=f"text {row}"
            )


def padding_id(loaded: LoadedModel) -> int:
    """Return the id that pads a batch: the model's padding token, or its end token.

    Models are right that the mask decides, but some count positions from the padding id, so the
    one that the configuration names comes first.

    Raises:
        GaugeblockError: neither model nor tokenizer names one.
    """
    config = loaded.model.config.get_text_config()
    for source in (config, loaded.tokenizer):
        found = getattr(source, "pad_token_id", None)
        if isinstance(found, int) and found >= 0:
            return found
    for source in (loaded.tokenizer, config):
        found = getattr(source, "eos_token_id", None)
        found = found[0] if isinstance(found, list) and found else found
        if isinstance(found, int) and found >= 0:
            return found
    raise GaugeblockError(
        "neither the tokenizer nor the model names a padding token or an end token to pad with",
        where=loaded.subject,
        remedy="Set tokenizer.pad_token",
    )
