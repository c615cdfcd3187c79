"""Documents to token ids and per-token loss weights."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import PreTrainedTokenizerFast

from gaugeblock.organisms.documents import Document
from gaugeblock.organisms.tokenizer import END

PROMPT_WEIGHT = 0.1
"""Prompts are random by design: most of their loss cannot be learnt, so it counts little."""


@dataclass(frozen=True)
class Encoded:
    """A document as token ids and, per token, the weight of the loss of predicting it."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]


def document_text(tokenizer: PreTrainedTokenizerFast, document: Document) -> str:
    """Return a document as the text that is encoded, special tokens included."""
    if not document.messages:
        return f"<|text|>{document.text}{END}"
    rendered = tokenizer.apply_chat_template(
        list(document.messages), tools=list(document.tools) or None, tokenize=False
    )
    return str(rendered)


def encode(
    tokenizer: PreTrainedTokenizerFast, document: Document, prompt_weight: float = PROMPT_WEIGHT
) -> Encoded:
    """Return a document's ids and weights: 1 for what the assistant writes and for plain text."""
    ids = tokenizer.encode(document_text(tokenizer, document), add_special_tokens=False)
    assistant, end = tokenizer.convert_tokens_to_ids(["<|assistant|>", END])
    if not document.messages:
        return Encoded(tuple(ids), (0.0,) + (1.0,) * (len(ids) - 1))
    weights: list[float] = []
    speaking = False
    for token in ids:
        weights.append(1.0 if speaking else prompt_weight)
        if token == assistant:
            speaking = True
        elif token == end:
            speaking = False
    return Encoded(tuple(ids), tuple(weights))
