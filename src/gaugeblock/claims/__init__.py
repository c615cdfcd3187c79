"""Claims: statements about a subject with evidence, defeaters and one verdict."""

from gaugeblock.claims.types import (
    CLAIM_VERSION,
    Claim,
    Column,
    Defeater,
    DefeaterState,
    Evidence,
    Finding,
    FindingKind,
    Ledger,
    Quantifier,
    Verdict,
)

__all__ = [
    "CLAIM_VERSION",
    "Claim",
    "Column",
    "Defeater",
    "DefeaterState",
    "Evidence",
    "Finding",
    "FindingKind",
    "Ledger",
    "Quantifier",
    "Verdict",
]
