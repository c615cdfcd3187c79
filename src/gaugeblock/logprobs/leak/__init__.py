"""What a channel gives away of the model behind it: size, absolute logits, identity."""

from gaugeblock.logprobs.leak.report import Leak, measure_leak

__all__ = ["Leak", "measure_leak"]
