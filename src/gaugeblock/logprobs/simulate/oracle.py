"""An oracle for the simulated population: the families' likelihoods with the true priors.

It knows how :mod:`gaugeblock.logprobs.simulate.population` draws models, prompts and parameters,
so nothing that looks at the same rows can decide more often at the same number of bits. Two
liberties: cells are narrow enough for density times width (under 0.3 bit a row, common to the
families that compete), and a step, cap or multiplier outside the round ones is not searched for
but taken from the truth, at its proper price.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from gaugeblock.logprobs.channel.grid.float_grid import RowFit, fit_row
from gaugeblock.logprobs.channel.grid.float_logprob import logprob_evidence
from gaugeblock.logprobs.channel.grid.noise import noise_evidence
from gaugeblock.logprobs.channel.grid.warp import Warp
from gaugeblock.logprobs.channel.readings import Reading, distinct, readings
from gaugeblock.logprobs.floats import Array, spacing
from gaugeblock.logprobs.simulate import population
from gaugeblock.logprobs.simulate.population import Drawn
from gaugeblock.logprobs.spec import PRECISION, ChannelSpec, Family

_STEP = 0.25
_OFFSETS = np.arange(-40.0, 120.0, _STEP)
_LOCATIONS = np.arange(population.LOCATION[0], population.LOCATION[1] + 0.01, 0.5)


@lru_cache(maxsize=64)
def _heights(scale: float, k: int, vocabulary: int) -> tuple[Array, Array]:
    """Return the height of the k-th logit over the prompt's centre, and log weights."""
    middle = np.log(vocabulary / (2 * k))
    u = scale * np.maximum(middle + np.linspace(-4, 6, 41) / np.sqrt(k), 1e-3)
    log_weight = -k * u / scale + (vocabulary - k) * np.log1p(-0.5 * np.exp(-u / scale))
    choose = k * np.log(vocabulary / 2)
    return u, log_weight + choose


def _top_density(row: Reading, vocabulary: int) -> Array:
    """Return the density of the top logit minus the model's location on ``_OFFSETS``."""
    k, deepest = row.logprobs.size, float(row.gaps[-1])
    log_terms, centres = [], []
    above = float(deepest * k - row.gaps.sum())
    for scale in population.SCALES:
        u, log_weight = _heights(scale, k, vocabulary)
        log_terms.append(log_weight - above / scale - k * np.log(scale) + np.log(u[-1] - u[0]))
        centres.append(u + deepest)
    logs, means = np.concatenate(log_terms), np.concatenate(centres)
    weights = np.exp(logs - logs.max())
    spread = population.LOCATION_SPREAD
    kernel = np.exp(-0.5 * ((_OFFSETS[:, None] - means[None, :]) / spread) ** 2)
    density = kernel @ weights
    result: Array = density / density.sum() / _STEP
    return result


def _float_bits(
    fits: Sequence[RowFit], bits: int, densities: Sequence[Array], scale: float = 1.0
) -> float:
    total = np.zeros(_LOCATIONS.size)
    for fit, density in zip(fits, densities, strict=True):
        if not fit.tops.size:
            return -np.inf
        best = float(fit.bits.max())
        weight = spacing(fit.tops, bits) * np.exp2(fit.bits - best)
        offset = scale * fit.tops[None, :] - _LOCATIONS[:, None]
        mass = scale * np.interp(offset, _OFFSETS, density, left=0.0, right=0.0) @ weight
        total += best + np.log2(np.maximum(mass, 1e-300))
    best = float(total.max())
    return best + float(np.log2(np.mean(np.exp2(total - best))))


def _fit_all(rows: Sequence[Reading], bits: int, warp: Warp) -> list[RowFit] | None:
    fits = []
    for row in rows:
        fits.append(fit_row(row, bits, warp))
        if not fits[-1].tops.size:
            return None
    return fits


def _step_bits(rows: Sequence[Reading], spec: ChannelSpec) -> float:
    gaps = np.concatenate([row.gaps for row in rows])
    error = np.concatenate([row.gap_error for row in rows])
    steps = [(s, np.log2(0.5 / len(population.DYADIC_STEPS))) for s in population.DYADIC_STEPS]
    steps += [(s, np.log2(0.3 / len(population.DECIMAL_STEPS))) for s in population.DECIMAL_STEPS]
    low, high = population.FREE_STEPS
    # Within one binade, a float grid under a multiplier looks like these steps.
    alike = [spec.scale * 2.0**-j for j in range(12)] if spec.scale != 1.0 else []
    for truth in alike if spec.step is None else [spec.step]:
        if low <= truth <= high and all(truth != step for step, _ in steps):
            width = 2 * float(np.min(error / np.maximum(gaps / truth, 1))) / truth
            steps.append((truth, np.log2(0.2 * width / np.log(high / low))))
    logs = [
        float(np.sum(np.log2(np.maximum(step / (2 * error), 1.0)))) + float(price)
        for step, price in steps
        if np.all(np.abs(gaps - np.rint(gaps / step) * step) <= error)
    ]
    return float(np.logaddexp2.reduce(logs)) if logs else -np.inf


def _scaled_bits(
    rows: Sequence[Reading], spec: ChannelSpec, bits: int, densities: Sequence[Array]
) -> float:
    """Return the bits for a float grid, under a multiplier or not."""
    scales = [(1.0, np.log2(1 - population.SCALED))]
    # The truth, or the multiplier under which a float grid looks like the true step.
    scale = spec.scale if spec.step is None else np.frexp(spec.step)[0] * 2
    if scale != 1.0:
        width = 2 * min(float(np.min(row.gap_error / np.maximum(row.gaps, 1e-9))) for row in rows)
        scales.append((float(scale), np.log2(population.SCALED * width / np.log(2))))
    logs = []
    for scale, price in scales:
        fits = _fit_all(rows, bits, Warp(scale=scale))
        if fits is not None:
            logs.append(_float_bits(fits, bits, densities, scale) + float(price))
    return float(np.logaddexp2.reduce(logs)) if logs else -np.inf


def _cap_bits(rows: Sequence[Reading], truth: float | None, densities: Sequence[Array]) -> float:
    caps = [(cap, np.log2(0.7 / len(population.CAPS))) for cap in population.CAPS]
    if truth is not None and truth not in population.CAPS:
        low, high = population.FREE_CAPS
        caps.append((truth, np.log2(0.3 * 2e-4 / (high - low))))
    logs = []
    for cap, price in caps:
        fits = _fit_all(rows, 8, Warp(cap=cap))
        if fits is not None:
            logs.append(_float_bits(fits, 8, densities) + float(price))
    return float(np.logaddexp2.reduce(logs)) if logs else -np.inf


def oracle(drawn: Drawn) -> tuple[Family, float]:
    """Return the most likely family of a simulated channel and its lead over the next, in bits.

    Args:
        drawn: rows with the parameters that they were drawn with; the family is not looked at.
    """
    rows = readings(drawn.rows)
    fresh = distinct(rows)
    densities = [_top_density(row, drawn.vocabulary) for row in fresh]
    noise = noise_evidence(rows)
    evidence: dict[Family, float] = {"none": 0.0, "noise": noise.bits}
    evidence["step"] = _step_bits(fresh, drawn.spec)
    families: tuple[Family, ...] = ("bf16", "fp16")
    for family in families:
        evidence[family] = _scaled_bits(fresh, drawn.spec, PRECISION[family], densities)
    if max(evidence.values()) < 30:
        evidence["softcap"] = _cap_bits(fresh, drawn.spec.cap, densities)
    evidence["float_logprob"] = float(
        np.logaddexp2(logprob_evidence(fresh, 8), logprob_evidence(fresh, 11))
    )
    if noise.sd is not None:
        # The population has no modes: answers that differ are noise.
        return "noise", 1000.0
    ranked = sorted(evidence.items(), key=lambda item: -item[1])
    return ranked[0][0], min(ranked[0][1] - ranked[1][1], 1000.0)
