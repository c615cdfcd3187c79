"""Coverage of well-known intervals that the project does not offer, for comparison."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import special

from gaugeblock.stats.binomial import exact_limits
from interval_cells.cell import ICC, RARE, RATES, TRIALS, Cell, Floats, draw, measure, sizes_of


def wilson_limits(k: Floats, n: int) -> tuple[Floats, Floats]:
    """Wilson's interval without continuity correction."""
    square = 1.959964**2
    centre = (k + square / 2) / (n + square)
    half = np.sqrt(square) / (n + square) * np.sqrt(k * (n - k) / n + square / 4)
    return centre - half, centre + half


def korn_graubard_limits(hits: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Clopper-Pearson on n / deff, deff estimated, with their t ratio (1998, eq. 4)."""
    n, clusters = sizes.sum(), len(sizes)
    rate = hits.sum(1) / n
    residual = hits - sizes * rate[:, None]
    variance = clusters / (clusters - 1) * (residual**2).sum(1) / n**2
    worth = np.where(variance > 0, rate * (1 - rate) / np.where(variance > 0, variance, 1.0), n)
    ratio = (special.stdtrit(n - 1, 0.975) / special.stdtrit(clusters - 1, 0.975)) ** 2
    worth = np.minimum(worth * ratio, n)
    return exact_limits(np.minimum(rate * worth, worth), worth, 0.95, "two")


def normal_limits(hits: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """The cluster-robust standard error times 1.96 (sandwich, as in common evaluation tools)."""
    n = sizes.sum()
    rate = hits.sum(1) / n
    error = np.sqrt(((hits - sizes * rate[:, None]) ** 2).sum(1)) / n
    return rate - 1.959964 * error, rate + 1.959964 * error


def rogan_gladen_limits(
    k: Floats, n: int, sens_k: Floats, positives: int, spec_k: Floats, negatives: int
) -> tuple[Floats, Floats]:
    """The delta-method interval of Rogan and Gladen 1978 on raw counts, clipped to [0, 1]."""
    bad, sens, spec = k / n, sens_k / positives, spec_k / negatives
    youden = sens + spec - 1
    rate = (bad + spec - 1) / youden
    error = np.sqrt(
        bad * (1 - bad) / n
        + rate**2 * sens * (1 - sens) / positives
        + (1 - rate) ** 2 * spec * (1 - spec) / negatives
    ) / np.abs(youden)  # fmt: skip
    return np.clip(rate - 1.959964 * error, 0, 1), np.clip(rate + 1.959964 * error, 0, 1)


def rejected_cells(rng: np.random.Generator, repetitions: int) -> Iterator[Cell]:
    """What the offered methods are there to replace, on the same settings."""
    for n in TRIALS:
        sizes = sizes_of(n, 10)
        for rate in (*RATES, RARE):
            for icc in ICC:
                hits = draw(rng, repetitions, sizes, "beta", rate, icc)
                exact = exact_limits(hits.sum(1), n, 0.95, "two")
                for name, limits in (
                    ("clopper-pearson, clusters ignored", exact),
                    ("korn-graubard, estimated deff", korn_graubard_limits(hits, sizes)),
                    ("cluster-robust normal", normal_limits(hits, sizes)),
                ):
                    yield measure(name, "size 10", n, rate, icc, len(sizes), 0.95, limits, exact)
    for n in TRIALS:
        for rate in RATES:
            k = rng.binomial(n, rate, repetitions).astype(float)
            exact = exact_limits(k, n, 0.95, "two")
            yield measure(
                "wilson", "independent", n, rate, 0.0, n, 0.95, wilson_limits(k, n), exact
            )
            sens, spec, positives, negatives = 0.8, 0.99, 50, 100
            judged = rng.binomial(n, rate * sens + (1 - rate) * (1 - spec), repetitions)
            exact = exact_limits(judged, n, 0.95, "two")
            sens_k = rng.binomial(positives, sens, repetitions)
            spec_k = rng.binomial(negatives, spec, repetitions)
            yield measure(
                "rogan-gladen, delta method",
                f"se {sens:g} of {positives}, sp {spec:g} of {negatives}",
                n,
                rate,
                0.0,
                n,
                0.95,
                rogan_gladen_limits(judged, n, sens_k, positives, spec_k, negatives),
                exact,
            )
