"""Which grid the numbers lie on, by description length."""

from gaugeblock.logprobs.channel.grid.verdict import ENOUGH_BITS, GridVerdict, identify

__all__ = ["ENOUGH_BITS", "GridVerdict", "identify"]
