"""Coverage of the intervals corrected for a judge's measured error."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gaugeblock.stats.binomial import exact_limits
from gaugeblock.stats.clustered import cautious_effective_n
from gaugeblock.stats.judge import lee_limits
from gaugeblock.stats.judge_bayes import joint_posterior_limits
from interval_cells.cell import ICC, RATES, TRIALS, Cell, draw, measure, sizes_of

JUDGES = ((0.85, 0.95, 50, 100), (0.6, 0.999, 50, 100), (0.95, 0.8, 100, 50))
"""Sensitivity, specificity, positives and negatives in the calibration."""


def judge_cells(rng: np.random.Generator, repetitions: int) -> Iterator[Cell]:
    """Lee et al.'s interval, for independent and for clustered transcripts."""
    for sens, spec, positives, negatives in JUDGES:
        for n in TRIALS:
            for size in (1, 5):
                sizes = sizes_of(n, size)
                for rate in RATES:
                    for icc in ICC if size != 1 else (0.0,):
                        bad = draw(rng, repetitions, sizes, "beta", rate, icc).astype(int)
                        hits = rng.binomial(bad, sens) + rng.binomial(
                            sizes.astype(int) - bad, 1 - spec
                        )
                        judged = hits.astype(float)
                        sens_k = rng.binomial(positives, sens, repetitions)
                        spec_k = rng.binomial(negatives, spec, repetitions)
                        worth = (
                            np.full(repetitions, float(n))
                            if size == 1
                            else cautious_effective_n(judged, sizes)
                        )
                        k = judged.sum(1) / sizes.sum() * worth
                        yield measure(
                            f"judge-corrected-{'' if size == 1 else 'clustered-'}lee",
                            f"size {size}, se {sens:g} of {positives}, sp {spec:g} of {negatives}",
                            n,
                            rate,
                            icc,
                            len(sizes),
                            0.95,
                            lee_limits(
                                k,
                                worth,
                                sens_k,
                                positives,
                                spec_k,
                                negatives,
                                len(sizes),
                                0.95,
                                "two",
                            ),
                            exact_limits(judged.sum(1), n, 0.95, "two"),
                        )


def bayes_cells(rng: np.random.Generator, repetitions: int) -> Iterator[Cell]:
    """The joint posterior; each distinct set of counts is integrated once."""
    sens, spec, positives, negatives = 0.85, 0.95, 20, 30
    for n in TRIALS:
        for rate in RATES:
            k = rng.binomial(n, rate * sens + (1 - rate) * (1 - spec), repetitions)
            sens_k = rng.binomial(positives, sens, repetitions)
            spec_k = rng.binomial(negatives, spec, repetitions)
            counts, where = np.unique(np.stack([k, sens_k, spec_k], 1), axis=0, return_inverse=True)
            limits = np.asarray(
                [
                    joint_posterior_limits(
                        int(a), n, int(b), positives, int(c), negatives, 0.95, "two"
                    )
                    for a, b, c in counts
                ]
            )[where]
            yield measure(
                "judge-corrected-bayes",
                f"se {sens:g} of {positives}, sp {spec:g} of {negatives}",
                n,
                rate,
                0.0,
                n,
                0.95,
                (limits[:, 0], limits[:, 1]),
                exact_limits(k, n, 0.95, "two"),
            )
