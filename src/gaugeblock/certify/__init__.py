"""Certify detectors: try to falsify what one is said to have found, and say how far it got."""

from gaugeblock.certify.battery import certify
from gaugeblock.certify.exhibit import Change, Check, Edit, Exhibit, Sample
from gaugeblock.certify.records import Certificate, Identity, Reading, TrialResult, Witness

__all__ = [
    "Certificate",
    "Change",
    "Check",
    "Edit",
    "Exhibit",
    "Identity",
    "Reading",
    "Sample",
    "TrialResult",
    "Witness",
    "certify",
]
