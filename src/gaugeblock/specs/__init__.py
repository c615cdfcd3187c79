"""Specs: clauses with exceptions and examples, read as profiles."""

from gaugeblock.specs.loader import load_profile, profile_names
from gaugeblock.specs.reading import holds, read
from gaugeblock.specs.types import Clause, Example, Profile, Reading, Rule

__all__ = [
    "Clause",
    "Example",
    "Profile",
    "Reading",
    "Rule",
    "holds",
    "load_profile",
    "profile_names",
    "read",
]
