"""Coverage of the intervals of one rate."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gaugeblock.stats.binomial import exact_limits
from gaugeblock.stats.clustered import clustered_limits
from gaugeblock.stats.interval import Sides
from gaugeblock.stats.jeffreys import jeffreys_limits
from gaugeblock.stats.sequential import log_capital
from gaugeblock.stats.wilson import wilson_limits
from interval_cells.cell import ICC, RARE, RATES, TRIALS, Cell, Floats, draw, measure, sizes_of


def independent_cells(rng: np.random.Generator, repetitions: int) -> Iterator[Cell]:
    """Methods that take every trial as independent, on independent trials."""
    methods: dict[str, Callable[..., tuple[Floats, Floats]]] = {
        "clopper-pearson": exact_limits,
        "wilson-cc": wilson_limits,
        "jeffreys": jeffreys_limits,
    }
    for n in TRIALS:
        for rate in RATES:
            k = rng.binomial(n, rate, repetitions)
            exact = exact_limits(k, n, 0.95, "two")
            for name, limits in methods.items():
                yield measure(
                    name,
                    "independent",
                    n,
                    rate,
                    0.0,
                    n,
                    0.95,
                    limits(k, n, 0.95, "two"),
                    exact,
                )


def clustered_cells(rng: np.random.Generator, repetitions: int) -> Iterator[Cell]:
    """The default interval, over cluster sizes, laws, levels and sides."""
    settings: list[tuple[str, int | str, str, float, Sides]] = [
        ("size 1", 1, "beta", 0.95, "two"),
        ("size 2", 2, "beta", 0.95, "two"),
        ("size 5", 5, "beta", 0.95, "two"),
        ("size 10", 10, "beta", 0.95, "two"),
        ("sizes 1 to 9", "mixed", "beta", 0.95, "two"),
        ("size 5, two-point", 5, "two-point", 0.95, "two"),
        ("size 5, upper", 5, "beta", 0.95, "upper"),
        ("size 5, level .8", 5, "beta", 0.8, "two"),
        ("size 5, level .99", 5, "beta", 0.99, "two"),
    ]
    for setting, size, law, level, sides in settings:
        for n in TRIALS:
            sizes = sizes_of(n, size)
            for rate in (*RATES, RARE) if setting == "size 10" else RATES:
                for icc in ICC if size != 1 else (0.0,):
                    hits = draw(rng, repetitions, sizes, law, rate, icc)
                    low, high, _ = clustered_limits(hits, sizes, level, sides)
                    yield measure(
                        "clustered-clopper-pearson",
                        setting,
                        n,
                        rate,
                        icc,
                        len(sizes),
                        level,
                        (low, high),
                        exact_limits(hits.sum(1), sizes.sum(), level, sides),
                    )


def worst_case_cells(rng: np.random.Generator, repetitions: int) -> Iterator[Cell]:
    """Bad transcripts go unjudged five times as often as good ones; the bounds must still hold."""
    for n in TRIALS:
        for rate in RATES:
            bad = rng.binomial(n, rate, repetitions)
            seen = rng.binomial(bad, 0.5)
            judged = seen + rng.binomial(n - bad, 0.9)
            low, _ = exact_limits(seen, n, 0.95, "two")
            _, high = exact_limits(seen + n - judged, n, 0.95, "two")
            exact = exact_limits(bad, n, 0.95, "two")
            yield measure(
                "worst-case", "half the bad unjudged", n, rate, 0.0, n, 0.95, (low, high), exact
            )


def sequential_cells(rng: np.random.Generator, repetitions: int) -> Iterator[Cell]:
    """Share of runs in which the bound held at *every* look, one after each of n observations."""
    values = np.asarray([0.0, 1.0])
    for n in TRIALS:
        for rate in RATES:
            for alternative in ("below", "above"):
                mean = rate if alternative == "below" else 1 - rate
                held = 0
                for part in np.array_split(np.arange(repetitions), 40):
                    ones = (rng.random((len(part), n)) < mean).cumsum(1)
                    counts = np.stack([np.arange(1, n + 1) - ones, ones], axis=-1).astype(float)
                    capital = log_capital(values, counts, mean).max(1)
                    held += int((capital <= -np.log1p(-0.95)).sum())
                yield Cell(
                    method="betting-e-process",
                    setting=f"{alternative}, a look after each",
                    n=n,
                    rate=rate,
                    icc=0.0,
                    clusters=n,
                    level=0.95,
                    coverage=held / repetitions,
                    width=float("nan"),
                    relative_width=float("nan"),
                )
