"""Write what concept-erasure makes of fixed arrays, for tests/activations to compare with.

Run in an environment of its own (pip install concept-erasure==0.2.4 numpy):
    python benchmarks/peers/leace.py tests/activations/peers/leace.npz

Shrinkage and the trace constraint are off: they change the estimate of the covariance and the map,
and the theorem that is checked has neither.
"""

from __future__ import annotations

import sys
from importlib.metadata import version

import numpy as np
import torch
from concept_erasure import LeaceFitter


def main() -> None:
    rng = np.random.default_rng(20261121)
    mix = rng.normal(size=(12, 12)) * np.geomspace(10, 0.1, 12)
    two, four = rng.integers(0, 2, size=160), rng.integers(0, 4, size=160)
    x = rng.normal(size=(160, 12)) @ mix + 5
    x += 3 * np.outer(two, rng.normal(size=12)) + rng.normal(size=(4, 12))[four] * 4
    arrays = {"x": x, "two": two, "four": four, "numbers": rng.normal(size=(160, 2)) + x[:, :2]}
    for name in ("two", "four", "numbers"):
        z = arrays[name]
        given = torch.from_numpy(z if z.ndim == 2 else np.eye(z.max() + 1)[z])
        fitter = LeaceFitter.fit(
            torch.from_numpy(x), given, shrinkage=False, constrain_cov_trace=False
        )
        arrays[f"{name}-erased"] = fitter.eraser(torch.from_numpy(x)).numpy()
    np.savez_compressed(sys.argv[1], version=np.array(version("concept-erasure")), **arrays)


if __name__ == "__main__":
    main()
