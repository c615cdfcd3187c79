"""Whether sampled tokens follow the reported probabilities (G-test)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from scipy.special import xlogy

from gaugeblock.frozen import Record
from gaugeblock.logprobs.channel.readings import read_row
from gaugeblock.logprobs.floats import Array
from gaugeblock.logprobs.rows import Row
from gaugeblock.seeds import derive_seed

_DRAWS = 2000


class Sampling(Record):
    """Agreement of samples with reported probabilities.

    Attributes:
        samples: how many sampled tokens were compared; 0 if not measured.
        g: likelihood-ratio statistic, summed over prompts.
        p: Monte Carlo p-value with one added to both counts; None if not measured.
    """

    samples: int
    g: float | None = None
    p: float | None = None


def _g(observed: Array, expected: Array) -> Array:
    g: Array = 2 * (xlogy(observed, observed) - xlogy(observed, expected)).sum(axis=-1)
    return g


def sampling(rows: Sequence[Row]) -> Sampling:
    """Compare the tokens sampled at temperature 1 with the reported probabilities.

    Tokens outside the list are one class with the missing mass. The p-value is drawn from the
    reported probabilities, not from the chi-square limit, because most classes are rare.

    Args:
        rows: recorded rows; only those at temperature 1 with a sampled token count.
    """
    counts: dict[str, Counter[bytes]] = defaultdict(Counter)
    probabilities: dict[str, list[dict[bytes, float]]] = defaultdict(list)
    for row in rows:
        reading = read_row(row, 0.0)
        if row.chosen is None or row.temperature != 1.0 or reading is None:
            continue
        listed = dict(zip(reading.keys, np.exp(reading.logprobs).tolist(), strict=True))
        probabilities[row.prompt].append(listed)
        counts[row.prompt][row.chosen.key] += 1
    samples = sum(sum(counter.values()) for counter in counts.values())
    if samples == 0:
        return Sampling(samples=0)
    rng = np.random.default_rng(derive_seed("g-test", samples))
    statistic, null = 0.0, np.zeros(_DRAWS)
    for prompt, counter in counts.items():
        tables = probabilities[prompt]
        keys = sorted(set[bytes]().union(*tables))
        p = np.array([np.mean([table.get(key, 0.0) for table in tables]) for key in keys])
        p = np.append(p, max(1 - float(p.sum()), 1e-9))
        p /= p.sum()
        n = sum(counter.values())
        seen = np.array([float(counter[key]) for key in keys])
        observed = np.append(seen, n - seen.sum())
        statistic += float(_g(observed, n * p))
        null += _g(rng.multinomial(n, p, size=_DRAWS).astype(float), n * p)
    exceed = int(np.sum(null >= statistic - 1e-9))
    return Sampling(samples=samples, g=round(statistic, 6), p=(1 + exceed) / (1 + _DRAWS))
