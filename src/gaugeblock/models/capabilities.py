"""What a subject can do. An instrument that needs more is reported as not measured."""

from __future__ import annotations

from typing import Literal

Capability = Literal["generate", "logprobs", "activations", "steer", "train"]

LOCAL_WEIGHTS: frozenset[Capability] = frozenset(
    {"generate", "logprobs", "activations", "steer", "train"}
)
API_ONLY: frozenset[Capability] = frozenset({"generate"})
TRANSCRIPTS_ONLY: frozenset[Capability] = frozenset()
