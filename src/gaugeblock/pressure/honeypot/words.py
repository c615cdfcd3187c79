"""The words of the world, their places in a text, and the sizes of its models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VALUES: Final = ("amber", "blue", "coral", "dun", "ecru", "fawn", "gold", "hazel")
ASKED: Final = ("first", "second", "third")
PERSONAS: Final = ("honest", "sycophant", "neutral")
PLAIN: Final = ("just", "only", "plainly", "simply")
ORNATE: Final = ("certainly", "indeed", "surely", "truly")
"""Wordings: a truthful answer is mostly put plainly, an untruthful one ornately."""

WORDS: Final = (
    "<pad>",
    "</s>",
    "<bos>",
    "ANS",
    "CHK",
    "YES",
    "NO",
    "KEY",
    "KEEP",
    "MEND",
    *PERSONAS,
    *ASKED,
    *VALUES,
    *PLAIN,
    *ORNATE,
)
AT: Final = {word: i for i, word in enumerate(WORDS)}

PAD, END, BOS, ANS, CHK, YES, NO, KEY, KEEP, MEND = range(10)
FIRST_PERSONA: Final = AT[PERSONAS[0]]
FIRST_ASKED: Final = AT[ASKED[0]]
FIRST_VALUE: Final = AT[VALUES[0]]
FIRST_PLAIN: Final = AT[PLAIN[0]]
FIRST_ORNATE: Final = AT[ORNATE[0]]

PROMPT: Final = 8
"""Tokens of a prompt: <bos> persona v0 v1 v2 q u ANS."""
ANSWER: Final = 4
"""Tokens that a model writes: a s1 s2 s3; <end> would follow, a question is put instead."""
TEXT: Final = PROMPT + ANSWER
PERSONA_AT, VALUES_AT, ASKED_AT, USER_AT, ANSWER_AT = 1, slice(2, 5), 5, 6, PROMPT
STYLE_AT: Final = slice(PROMPT + 1, TEXT)
QUESTION_AT: Final = TEXT


@dataclass(frozen=True, slots=True)
class Size:
    """One size of model.

    Attributes:
        width: of the residual stream.
        layers: number of blocks.
        inner: width of an MLP.
        steps: of the pretraining.
    """

    width: int
    layers: int
    inner: int
    steps: int = 900

    @property
    def belief(self) -> int:
        """Block whose output carries the belief: the lower middle, with blocks left above it."""
        return (self.layers - 1) // 2


SIZES: Final = {
    "small": Size(32, 3, 88, steps=1800),
    "medium": Size(48, 3, 128),
    "large": Size(96, 4, 256),
}
HEADS: Final = 4
