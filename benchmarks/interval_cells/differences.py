"""Coverage of the intervals of a difference of two rates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gaugeblock.stats.difference import cautious_correlation, difference_limits
from interval_cells.cell import ICC, TRIALS, Cell, draw, draw_rates, measure, sizes_of


def difference_cells(rng: np.random.Generator, repetitions: int) -> Iterator[Cell]:
    """Differences from a rate to itself and to 0, of separate and of shared clusters."""
    for size in (1, 5):
        for n in TRIALS:
            sizes = sizes_of(n, size)
            for rate, other in ((0.0, 0.0), (0.01, 0.0), (0.01, 0.01), (0.3, 0.0), (0.3, 0.3)):
                for icc in ICC if size != 1 else (0.0,):
                    a = draw(rng, repetitions, sizes, "beta", rate, icc)
                    b = draw(rng, repetitions, sizes, "beta", other, icc)
                    apart = difference_limits(a, sizes, b, sizes, 0.95)
                    shape, total = a.shape, sizes.astype(int)
                    shared = draw_rates(rng, "beta", rate, icc, shape)
                    left = rng.binomial(total, shared).astype(float)
                    right = rng.binomial(total, shared * (other / rate if rate else 1.0))
                    pair = (left, sizes, right.astype(float), sizes)
                    together = difference_limits(*pair, 0.95, cautious_correlation(*pair))
                    for method, limits in (("clustered-mover", apart), ("paired-mover", together)):
                        yield measure(
                            method,
                            f"size {size}, against {other:g}",
                            n,
                            rate,
                            icc,
                            len(sizes),
                            0.95,
                            limits,
                            apart,
                            truth=rate - other,
                        )


def near_twin_cells(rng: np.random.Generator, repetitions: int) -> Iterator[Cell]:
    """Pairs that agree but for a few clusters, where a plain correlation would promise too much."""
    for n in TRIALS:
        sizes = sizes_of(n, 1)
        for lost in (1 / n, 2.5 / n, 0.1):
            a = draw(rng, repetitions, sizes, "beta", 0.3, 0.0)
            b = np.where(rng.random(a.shape) < lost, 0.0, a)
            pair = (a, sizes, b, sizes)
            yield measure(
                "paired-mover",
                f"near twins, {lost:.3g} of hits lost",
                n,
                0.3,
                0.0,
                n,
                0.95,
                difference_limits(*pair, 0.95, cautious_correlation(*pair)),
                difference_limits(*pair, 0.95),
                truth=0.3 * lost,
            )
