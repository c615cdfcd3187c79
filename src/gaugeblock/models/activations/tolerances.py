"""The self-test's limits, in one table, fixed before any model was tried.

A deviation is ``|a - b| / |a|`` of the worst token, in Euclidean norms: a maximum over the whole
tensor would hide behind the few giant activations that trained models keep at the first token.
Limits depend on the type of the weights alone, never on the model: one that needs more fails.
"""

from __future__ import annotations

from typing import Final

import torch

TOLERANCES: Final[dict[str, dict[torch.dtype, float]]] = {
    # Sums run in another order when the batch has another shape: a few hundred roundings.
    "padding": {torch.float32: 1e-4, torch.bfloat16: 5e-2, torch.float16: 1e-2},
    "batch": {torch.float32: 1e-4, torch.bfloat16: 5e-2, torch.float16: 1e-2},
    # The same arithmetic on the same shapes: equal but for kernels that choose their order anew.
    "recompute": {torch.float32: 1e-6, torch.bfloat16: 1e-2, torch.float16: 2e-3},
    "reinjection": {torch.float32: 1e-6, torch.bfloat16: 1e-2, torch.float16: 2e-3},
    "early-stop": {torch.float32: 1e-6, torch.bfloat16: 1e-2, torch.float16: 2e-3},
    # h + 0 * direction is h to the last bit.
    "steer-zero": {torch.float32: 0.0, torch.bfloat16: 0.0, torch.float16: 0.0},
}

MOVES_AT_LEAST: Final[dict[str, float]] = {
    # Another text, or a push as large as the stream itself, must be seen downstream.
    "reinjection-moves": 1e-3,
    "steer-moves": 1e-3,
    # Ten times what padding may do: were it to leak as a token does, it would be seen.
    "context-moves": 1e-3,
}
