"""What the temperature asked for does to the reported logprobs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np

from gaugeblock.frozen import Record
from gaugeblock.logprobs.channel.readings import read_row
from gaugeblock.logprobs.floats import Array
from gaugeblock.logprobs.rows import Row

# Slopes within this of a convention's are taken for it; noise and modes blur them.
_TOLERANCE = 0.1


class Temperature(Record):
    """The temperature convention.

    Attributes:
        convention: ``unaffected``, ``scaled`` (by 1/T, zero included), ``scaled_except_zero``,
            ``other`` where the slopes fit none, or ``not measured``.
        slopes: slope of the differences at each temperature on those at temperature 1.
    """

    convention: Literal["unaffected", "scaled", "scaled_except_zero", "other", "not measured"]
    slopes: dict[str, float]


def _gaps(row: Row) -> dict[bytes, float]:
    reading = read_row(row, 0.0)
    if reading is None:
        return {}
    return dict(zip(reading.keys, reading.logprobs - reading.logprobs[0], strict=True))


def _slope(reference: dict[bytes, float], other: dict[bytes, float]) -> float | None:
    shared = sorted(reference.keys() & other.keys())
    if len(shared) < 2:
        return None
    x: Array = np.array([reference[key] for key in shared])
    y: Array = np.array([other[key] for key in shared])
    x, y = x - x[0], y - y[0]
    return float(x @ y / (x @ x)) if float(x @ x) > 0 else None


def temperature(rows: Sequence[Row]) -> Temperature:
    """Compare answers to the same prompt at several temperatures with those at temperature 1.

    Args:
        rows: recorded rows; prompts asked at one temperature only do not count.
    """
    by_prompt: dict[str, dict[float, dict[bytes, float]]] = defaultdict(dict)
    for row in rows:
        if row.temperature is not None and row.top:
            by_prompt[row.prompt].setdefault(row.temperature, _gaps(row))
    found: dict[float, list[float]] = defaultdict(list)
    for answers in by_prompt.values():
        reference = answers.get(1.0)
        for heat, gaps in answers.items():
            slope = _slope(reference, gaps) if reference and heat != 1.0 else None
            if slope is not None:
                found[heat].append(slope)
    slopes = {heat: float(np.median(values)) for heat, values in sorted(found.items())}
    named = {f"{heat:g}": round(slope, 6) for heat, slope in slopes.items()}
    if not slopes:
        return Temperature(convention="not measured", slopes={})
    warm = {heat: slope for heat, slope in slopes.items() if heat > 0}
    flat = all(abs(slope - 1) < _TOLERANCE for slope in warm.values())
    inverse = all(abs(slope * heat - 1) < _TOLERANCE for heat, slope in warm.items())
    cold = slopes.get(0.0)
    cold_flat = cold is None or abs(cold - 1) < _TOLERANCE
    if flat and cold_flat:
        return Temperature(convention="unaffected", slopes=named)
    if warm and inverse:
        return Temperature(
            convention="scaled_except_zero" if cold is not None and cold_flat else "scaled",
            slopes=named,
        )
    if not warm and not cold_flat:
        return Temperature(convention="scaled", slopes=named)
    return Temperature(convention="other", slopes=named)
