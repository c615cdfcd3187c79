"""What a generation is asked for and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Finish = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One continuation to generate.

    Attributes:
        prompt: token ids, at least one.
        max_tokens: most new tokens, at least 1.
        temperature: 0 takes the most probable token; above 0 the logits are divided by it.
        top_p: nucleus mass in (0, 1], applied after the temperature.
        stop: strings that end the text; the text is cut before the first of them.
        stop_ids: token ids that end the text, besides the model's own end-of-sequence ids.
        seed: seeds this request's own random stream, so that the result does not depend on
            what else is in the batch.
        logprobs: whether to report the sampled tokens' log-probabilities.
        top_logprobs: how many alternatives to report per token; needs ``logprobs``.
    """

    prompt: tuple[int, ...]
    max_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    stop: tuple[str, ...] = ()
    stop_ids: tuple[int, ...] = ()
    seed: int = 0
    logprobs: bool = False
    top_logprobs: int = 0


@dataclass(frozen=True, slots=True)
class TopToken:
    """An alternative at one position: natural-log probability before temperature and top-p."""

    token_id: int
    bytes: bytes
    logprob: float


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """The token that was sampled (not the most probable one) and its alternatives.

    Attributes:
        token_id: id of the token in the text.
        bytes: what it spells; may be part of a UTF-8 character, empty for control tokens.
        logprob: its natural-log probability before temperature and top-p.
        top: alternatives, most probable first.
    """

    token_id: int
    bytes: bytes
    logprob: float
    top: tuple[TopToken, ...] = ()


@dataclass(frozen=True, slots=True)
class Generation:
    """One generated continuation.

    Attributes:
        tokens: every new token id, the ending one included.
        text: the decoded text without the ending token and without a stop string.
        finish: ``stop`` (an end token or a stop string) or ``length``.
        prompt_tokens: how many tokens the prompt had.
        logprobs: one entry per token of ``tokens``, or None where they were not asked for.
    """

    tokens: tuple[int, ...]
    text: str
    finish: Finish
    prompt_tokens: int
    logprobs: tuple[TokenLogprob, ...] | None = None
