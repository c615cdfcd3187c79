"""The frozen rules put to a measurement: which outcome it was, with the reason for each step."""

from gaugeblock.pressure.rules.classify import classify

__all__ = ["classify"]
