"""What Python objects lead to, for tests of what must not be reached."""

from __future__ import annotations

import gc
import types

import numpy as np


def reachable(start: object) -> list[object]:
    """Everything that references lead to, without going through modules, code and classes."""
    found, waiting, seen = [], [start], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(
            one, types.ModuleType | type | types.FunctionType | types.FrameType
        ):
            continue
        seen.add(id(one))
        found.append(one)
        waiting += gc.get_referents(one)
        base = getattr(one, "base", None)
        waiting += [base] if isinstance(base, np.ndarray) else []
    return found
