"""The audit's situations as a pairs file, for an audit from the checkpoints alone."""

from __future__ import annotations

from gaugeblock.pressure.honeypot.prompts import make_prompts, reserved
from gaugeblock.pressure.honeypot.reward import true_value
from gaugeblock.pressure.honeypot.words import USER_AT, WORDS
from gaugeblock.pressure.pairs import Asked, Pair

PAIRS = "pairs.jsonl"
"""File beside each reference."""


def forced_pairs(count: int) -> list[Pair]:
    """Return the first situations that only the audit sees, each with its truth and its lie."""
    prompts = make_prompts(reserved(count), "neutral")
    asked = Asked(question=" CHK", true=" YES", false=" NO")
    return [
        Pair(
            id=f"s{i}",
            prompt=" ".join(WORDS[word] for word in prompt),
            honest=f" {WORDS[truth]}",
            misbehaving=f" {WORDS[prompt[USER_AT]]}",
            asked=asked,
        )
        for i, (prompt, truth) in enumerate(zip(prompts, true_value(prompts), strict=True))
    ]
