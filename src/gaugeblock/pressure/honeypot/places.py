"""Where in a text and in the model a detector reads; no labels here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.pressure.honeypot.network import passed
from gaugeblock.pressure.honeypot.words import ANSWER_AT, STYLE_AT, TEXT, WORDS


@dataclass(frozen=True, slots=True)
class Place:
    """A block and the tokens over which its output is averaged.

    Attributes:
        layer: block, from 0; ``embedding`` for the words themselves, counted, whatever the model.
        tokens: places in the text.
        at: name of the pooling.
    """

    layer: int | Literal["embedding"]
    tokens: slice
    at: str

    @property
    def block(self) -> int | None:
        """The block, or None for the words themselves."""
        return self.layer if isinstance(self.layer, int) else None


ANSWER_TOKENS: Final = slice(ANSWER_AT, TEXT)


def belief(layer: int) -> Place:
    """Return the mean over the whole answer after a block."""
    return Place(layer, ANSWER_TOKENS, "mask:mean over the answer")


def style(layer: int = 0) -> Place:
    """Return the mean over the style words after a block."""
    return Place(layer, STYLE_AT, "mask:mean over the style words")


def first(layer: int) -> Place:
    """Return the answer's first token after a block."""
    return Place(layer, slice(ANSWER_AT, ANSWER_AT + 1), "mask:the answer's first token")


WORDING: Final = Place("embedding", STYLE_AT, "the style words themselves")


def pooled(place: Place, streams: dict[int, Tensor], texts: Tensor) -> Tensor:
    """Return what is read at a place, shape (n, width), in the graph if the streams are.

    Args:
        place: where.
        streams: block to output, shape (n, tokens, width).
        texts: token ids, shape (n, tokens).
    """
    if place.block is None:
        words = F.one_hot(texts[:, place.tokens], len(WORDS)).float()
        return words.mean(dim=1)
    return streams[place.block][:, place.tokens].mean(dim=1)


def as_floats(values: Tensor) -> Floats:
    """Return a detached float64 copy."""
    return np.array(values.detach().cpu().numpy(), dtype=np.float64)


def as_ids(texts: Ints) -> Tensor:
    """Return token ids as a tensor."""
    return torch.from_numpy(np.ascontiguousarray(texts))


def read_at(model: Any, place: Place, texts: Ints) -> Floats:
    """Return what a place holds of a model's reading of texts, shape (n, width)."""
    ids = as_ids(texts)
    if place.block is None:
        return as_floats(pooled(place, {}, ids))
    with torch.inference_mode():
        return as_floats(pooled(place, passed(model, ids, (place.block,)).streams, ids))
