"""The three seeds of an audit, named apart, and how per-item seeds are derived from them.

``scenario_seed`` chooses which scenarios and factor combinations are run, ``sampling_seed``
drives the decoding of the subject, ``training_seed`` made the subject's weights. Confusing
them is how one lucky draw gets reported as three replications.
"""

from __future__ import annotations

import hashlib

from gaugeblock.frozen import Record


class Seeds(Record):
    """The three seeds of one audit; ``training_seed`` is None where the subject has none to tell.

    Attributes:
        scenario_seed: chooses scenarios and factor combinations.
        sampling_seed: drives the subject's decoding.
        training_seed: made the subject's weights.
    """

    scenario_seed: int = 0
    sampling_seed: int = 0
    training_seed: int | None = None


def derive_seed(*parts: str | int) -> int:
    """Return a 63-bit seed that depends on every part and on their order, on any platform."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
