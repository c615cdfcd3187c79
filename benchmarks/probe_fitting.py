"""Fit probes layer by layer and compare with scikit-learn on the same arrays, in CPU seconds.

All are fitted on one layer before the next is made, so that what slows the machine slows all.
scikit-learn's logistic regression stops at its default tolerance (1e-4), ours at a tighter one.

Run: OMP_NUM_THREADS=1 python benchmarks/probe_fitting.py --out benchmarks/results/probe_fitting.json
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression

from gaugeblock.detectors.lda import LDA
from gaugeblock.detectors.logistic import Logistic
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.detectors.metrics import auroc

Fit = Callable[[np.ndarray, np.ndarray], Callable[[np.ndarray], np.ndarray]]


def gaussians(layer: int, n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(layer)
    scales = np.exp(rng.standard_normal(d))
    y = np.arange(n) % 2
    x = (
        rng.standard_normal((n, d)) + y[:, None] * 2 * rng.standard_normal(d) / np.sqrt(d)
    ) * scales
    return x.astype(np.float32), y


def ours(make: Callable[[], MassMean | LDA | Logistic]) -> Fit:
    return lambda x, y: make().fit(x, y).score


def theirs(make: Callable[[], object]) -> Fit:
    return lambda x, y: make().fit(x, y).decision_function  # type: ignore[attr-defined]


FITS: dict[str, Fit] = {
    "mass-mean": ours(MassMean),
    "lda (Ledoit-Wolf)": ours(LDA),
    "lda (0.01)": ours(lambda: LDA(0.01)),
    "logistic (0.01)": ours(lambda: Logistic(0.01, standardise=False)),
    "scikit-learn lda lsqr (0.01)": theirs(
        lambda: LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.01)
    ),
    "scikit-learn logistic (0.01)": theirs(lambda: LogisticRegression(C=0.01, max_iter=1000)),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    load = round(os.getloadavg()[0], 2)
    spent = dict.fromkeys(FITS, 0.0)
    areas: dict[str, list[float]] = {name: [] for name in FITS}
    for layer in range(options.layers):
        x, y = gaussians(layer, 2 * options.rows, options.width)
        half = options.rows
        for name, fit in FITS.items():
            start = time.process_time()
            score = fit(x[:half], y[:half])
            spent[name] += time.process_time() - start
            areas[name].append(auroc(score(x[half:]), y[half:]))
    found = {
        "layers": options.layers,
        "load_1min_at_start": load,
        "rows": options.rows,
        "width": options.width,
        "cpu_seconds": {name: round(value, 3) for name, value in spent.items()},
        "mean_held_out_auroc": {name: round(float(np.mean(a)), 4) for name, a in areas.items()},
    }
    text = json.dumps(found, indent=1)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
