"""Detectors: instruments that map a transcript to a score."""

from gaugeblock.detectors.contract import Detector, DetectorScore, Unit

__all__ = ["Detector", "DetectorScore", "Unit"]
