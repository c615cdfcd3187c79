"""Channels with a known truth: logits in, what an API would have reported out."""

from gaugeblock.logprobs.simulate.channel import Channel, Reported

__all__ = ["Channel", "Reported"]
