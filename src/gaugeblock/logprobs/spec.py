"""What a channel does to logprobs, as data: the part a card states and a simulator obeys."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from gaugeblock.frozen import Record

Family = Literal["none", "step", "bf16", "fp16", "softcap", "noise", "float_logprob", "undecided"]
FAMILIES: tuple[Family, ...] = (
    "none",
    "step",
    "bf16",
    "fp16",
    "softcap",
    "noise",
    "float_logprob",
)
Dropped = Literal["bytes", "top_logprobs", "logprobs"]
Convention = Literal["unaffected", "scaled", "scaled_except_zero"]

# Significant bits of the two half-precision formats, the hidden one included.
PRECISION = {"bf16": 8, "fp16": 11}


class ChannelSpec(Record):
    """A channel between a model's logits and what a caller sees.

    Attributes:
        family: what happens to the numbers. ``step`` rounds logits to multiples of ``step``;
            ``bf16`` and ``fp16`` round logits to 8 or 11 significant bits; ``softcap`` rounds to
            ``precision`` bits and then reports ``cap * tanh(logit / cap)``; ``noise`` adds
            N(0, sd) to each logprob; ``float_logprob`` rounds the logprob itself.
        step: nats, family step only.
        step_of: whether the step is laid on logits or on logprobs.
        cap: nats, family softcap only.
        precision: significant bits, families softcap and float_logprob; for family noise the
            grid of the logits beneath it, where there is one.
        scale: families bf16 and fp16: the grid is laid on logits divided by this; never a power
            of two other than 1,
            which no one could tell from another logit range.
        top_logit: range of absolute top logits that a float grid is taken to stay in; None for
            anything up to 256 in size. A narrower range gives narrower intervals.
        sd: nats, family noise only.
        modes: how many distinct answers the server's batching produces for one prompt.
        mode_sd: nats, the spread of the logits between modes before rounding.
        k: how many tokens are reported at most.
        sentinel: the logprob printed for a sampled token outside the top k, or None to give its
            true value.
        temperature: what the temperature asked for does to the reported numbers.
        renormalised: whether the reported k tokens are made to sum to one.
        string_keyed: whether tokens that print alike overwrite each other and bytes are lost.
        decimals: digits after the point in print; None prints the shortest float32.
        drops: fields that the server leaves empty: the tokens' bytes, the lists of alternatives,
            or logprobs altogether.
        rate_limited: share of requests answered 429.
    """

    family: Family = "none"
    step: float | None = Field(default=None, gt=0)
    step_of: Literal["logit", "logprob"] = "logit"
    cap: float | None = Field(default=None, gt=0)
    precision: Literal[8, 11] | None = None
    scale: float = Field(default=1.0, gt=0)
    top_logit: tuple[float, float] | None = None
    sd: float | None = Field(default=None, gt=0)
    modes: int = Field(default=1, ge=1)
    mode_sd: float = Field(default=0.1, ge=0)
    k: int = Field(default=20, ge=1)
    sentinel: float | None = None
    temperature: Convention = "unaffected"
    renormalised: bool = False
    string_keyed: bool = False
    decimals: int | None = Field(default=None, ge=0, le=17)
    drops: tuple[Dropped, ...] = ()
    rate_limited: float = Field(default=0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _has_its_parameters(self) -> Self:
        needed = {"step": "step", "softcap": "cap", "noise": "sd"}.get(self.family)
        if needed and getattr(self, needed) is None:
            raise ValueError(f"family {self.family} needs {needed}")
        return self

    @property
    def bits(self) -> int:
        """Significant bits of the float grid of this family (8 unless stated otherwise)."""
        return PRECISION.get(self.family) or self.precision or 8
