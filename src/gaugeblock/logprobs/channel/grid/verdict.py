"""The verdict on the grid: the family of least description length, or undecided."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaugeblock.frozen import Record
from gaugeblock.logprobs.channel.grid.float_grid import (
    RowFit,
    fit_row,
    flat_evidence,
    shared_evidence,
)
from gaugeblock.logprobs.channel.grid.float_logprob import logprob_evidence
from gaugeblock.logprobs.channel.grid.free_scale import free_scales
from gaugeblock.logprobs.channel.grid.lattice import Lattice, find_lattice
from gaugeblock.logprobs.channel.grid.noise import noise_evidence
from gaugeblock.logprobs.channel.grid.softcap import CapFit, find_cap
from gaugeblock.logprobs.channel.grid.warp import Warp
from gaugeblock.logprobs.channel.readings import Reading, anonymous, distinct
from gaugeblock.logprobs.spec import PRECISION, Family

ENOUGH_BITS = 10.0
# Once a plain grid explains this much, a soft cap cannot: it would have to bend every number
# back onto the grid.
_EXPLAINED = 30.0
_IMPOSSIBLE = -1000.0
# How often a float grid comes multiplied by something that is no power of two: output
# multipliers are common, but most servers round again after them.
_SCALED = 2.0**-4


class GridVerdict(Record):
    """What lies behind the numbers.

    Attributes:
        family: the family with the most evidence, or undecided.
        bits: how much more evidence it has than the next family, in bits.
        leading: the family with the most evidence even where that is not enough.
        evidence: bits of each family against no grid; families that the data exclude are absent.
        step: nats, the fixed step that all differences are multiples of, where there is one.
        step_of: whether that step is laid on logits or on logprobs.
        cap: nats, the soft cap that fits best.
        other_caps: soft caps that are less than ten bits behind it.
        precision: significant bits, for softcap and float_logprob.
        scale: what the float grid is multiplied by.
        sd: nats, the noise of one logprob.
        top_logit: lowest and highest absolute top logit that the rows allow under the leading
            float family.
        unique_tops: in how many rows the absolute top logit is the only one possible.
        flat_bits: bits of bf16 over the fixed step with each row's top logit flat over the grid
            in [8, 64) and the step known: the figure that others publish.
        rows: how many distinct rows the verdict is from.
        numbers: how many differences.
    """

    family: Family
    bits: float
    leading: Family
    evidence: dict[Family, float]
    step: float | None = None
    step_of: str | None = None
    cap: float | None = None
    other_caps: tuple[float, ...] = ()
    precision: int | None = None
    scale: float | None = None
    sd: float | None = None
    top_logit: tuple[float, float] | None = None
    unique_tops: int | None = None
    flat_bits: float | None = None
    rows: int
    numbers: int


def _float_fits(rows: Sequence[Reading], bits: int, warp: Warp) -> tuple[RowFit, ...] | None:
    fits = []
    for row in sorted(rows, key=lambda row: -row.gaps.size):
        fit = fit_row(row, bits, warp)
        if not fit.tops.size:
            return None
        fits.append(fit)
    return tuple(fits)


def _scaled(warp: Warp, doubt: float) -> tuple[Warp, float]:
    """Return a multiplier with the log2 price of naming it, its relative doubt given."""
    width = max(2 * doubt, 2.0**-22) / np.log(2)
    return warp, float(np.log2(_SCALED * width))


def _scales(lattice: Lattice | None, widest: float) -> list[tuple[Warp, float]]:
    """Return the multipliers to try for a float grid with the log2 price of each."""
    scales = [(Warp(), 0.0)]
    if lattice is not None and lattice.origin != "dyadic":
        mantissa = float(np.ldexp(lattice.step, -int(np.floor(np.log2(lattice.step)))))
        doubt = lattice.uncertainty / lattice.step
        scales.append(_scaled(Warp(scale=mantissa, doubt=doubt * widest), doubt))
    return scales


def identify(rows: Sequence[Reading], enough: float = ENOUGH_BITS) -> GridVerdict:
    """Name the family of a channel from its rows.

    Args:
        rows: usable rows, repeats included.
        enough: bits by which the best family must lead the next.

    Returns:
        The verdict; undecided with 0 bits where there is nothing to go by.
    """
    fresh = distinct(rows)
    numbers = int(sum(row.gaps.size for row in fresh))
    if numbers == 0:
        return GridVerdict(
            family="undecided", bits=0.0, leading="none", evidence={}, rows=0, numbers=0
        )
    evidence: dict[Family, float] = {"none": 0.0}
    noise = noise_evidence(rows)
    evidence["noise"] = max(noise.bits, _IMPOSSIBLE)
    lattice = find_lattice(fresh)
    if lattice is not None:
        evidence["step"] = lattice.evidence
    apart = len({row.prompt for row in fresh}) == len(fresh) and not anonymous(fresh)
    widest = max(float(row.gaps[-1]) for row in fresh)
    floats: dict[Family, tuple[float | None, tuple[RowFit, ...]]] = {}
    flat_bits: float | None = None

    def consider(family: Family, warp: Warp, price: float) -> tuple[RowFit, ...] | None:
        fits = _float_fits(fresh, PRECISION[family], warp)
        if fits is not None:
            bits = shared_evidence(fits, PRECISION[family], prompts_differ=apart) + price
            if bits > evidence.get(family, -np.inf):
                evidence[family] = bits
                floats[family] = (warp.scale, fits)
        return fits

    families: tuple[Family, ...] = ("bf16", "fp16")
    for family in families:
        for warp, price in _scales(lattice, widest):
            fits = consider(family, warp, price)
            if fits and family == "bf16" and warp.scale == 1.0 and lattice is not None:
                flat = flat_evidence(fits, PRECISION[family]) - lattice.bits
                flat_bits = flat if np.isfinite(flat) else None
    format_bits: int | None = None
    for precision in (11, 8):
        bits = logprob_evidence(fresh, precision)
        if bits > evidence.get("float_logprob", -np.inf):
            evidence["float_logprob"] = bits
            format_bits = precision
    cap: CapFit | None = None
    if max(evidence.values()) < _EXPLAINED or evidence["noise"] >= _EXPLAINED:
        for family in families:
            for warp in free_scales(fresh, PRECISION[family]):
                consider(family, *_scaled(warp, warp.doubt / widest))
        cap = find_cap(fresh, prompts_differ=apart)
        if cap is not None:
            evidence["softcap"] = cap.bits
    ranked = sorted(evidence.items(), key=lambda item: -item[1])
    leading, best = ranked[0]
    lead = best - ranked[1][1]
    if leading == "softcap" and cap is not None:
        # A soft cap whose size is open is no verdict that anyone could compute with.
        lead = min(lead, cap.lead)
    named: Family = leading if lead >= enough else "undecided"
    multiplier, chosen = floats.get(leading, (None, ()))
    if leading == "softcap" and cap is not None:
        chosen = cap.rows
    return GridVerdict(
        family=named,
        bits=round(lead, 2),
        leading=leading,
        evidence={name: round(value, 2) for name, value in ranked},
        step=lattice.step if lattice else None,
        step_of=None if lattice is None else ("logprob" if lattice.absolute else "logit"),
        cap=cap.cap if cap else None,
        other_caps=tuple(c for c, behind in cap.rivals if behind < enough) if cap else (),
        precision=_precision(leading, cap, format_bits),
        scale=multiplier,
        sd=noise.sd if leading == "noise" else None,
        top_logit=_tops(chosen),
        unique_tops=sum(fit.tops.size == 1 for fit in chosen) if chosen else None,
        flat_bits=None if flat_bits is None else round(flat_bits, 2),
        rows=len(fresh),
        numbers=numbers,
    )


def _precision(leading: Family, cap: CapFit | None, format_bits: int | None) -> int | None:
    if leading == "softcap" and cap is not None:
        return cap.precision
    return format_bits if leading == "float_logprob" else None


def _tops(fits: Sequence[RowFit]) -> tuple[float, float] | None:
    if not fits:
        return None
    return min(float(f.tops.min()) for f in fits), max(float(f.tops.max()) for f in fits)
