"""What the probe needs of a subject: one question, one token, its logprobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gaugeblock.logprobs.rows import TopEntry


@dataclass(frozen=True)
class Answer:
    """One answer of a subject.

    Attributes:
        text: the generated text.
        top: the tokens listed for the first position, in the order of the answer.
        chosen: the sampled first token; None where the subject does not say.
    """

    text: str
    top: tuple[TopEntry, ...]
    chosen: TopEntry | None


class Source(Protocol):
    """Anything that can be asked for logprobs: an endpoint, a local model, a simulator."""

    @property
    def name(self) -> str:
        """A name without secrets, for the card."""
        ...

    def ask(
        self,
        prompt: str,
        *,
        temperature: float,
        k: int,
        logprobs: bool = True,
        max_tokens: int = 1,
    ) -> Answer:
        """Ask once.

        Args:
            prompt: the user's message.
            temperature: sampling temperature; 0 is greedy.
            k: how many tokens to list.
            logprobs: whether to ask for logprobs at all.
            max_tokens: how many tokens to generate.
        """
        ...
