"""What stands around a text when a model reads it: nothing, or a chat up to the model's reply."""

from __future__ import annotations

from gaugeblock.frozen import Record


class Frame(Record):
    """Words before and after a text, special tokens included.

    Attributes:
        before: such as a chat template's head.
        after: such as the end of the user's turn and the beginning of a reply. What is read "at
            the last token" is read at the last of these.
    """

    before: str = ""
    after: str = ""

    def around(self, text: str) -> str:
        """Return the text in its frame."""
        return f"{self.before}{text}{self.after}"

    def __bool__(self) -> bool:
        return bool(self.before or self.after)


NO_FRAME = Frame()
"""Texts as they are."""
