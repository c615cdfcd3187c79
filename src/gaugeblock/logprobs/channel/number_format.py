"""How the numbers are printed: decimals, float32, half-precision values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gaugeblock.frozen import Record
from gaugeblock.logprobs.floats import round_to
from gaugeblock.logprobs.rows import Row

# float32 keeps about this many digits after the point at the size of logprobs; a print with
# fewer has cut something off.
_FLOAT32_DECIMALS = 6
_FEW = 30


class NumberFormat(Record):
    """How a channel prints logprobs.

    Attributes:
        decimals: the most digits after the point that were seen.
        fixed_decimals: whether that number looks like a cut, not like the end of float32.
        float32: share of the numbers that are the shortest print of a float32.
        fp16: share of the numbers that are fp16 values.
        bf16: share of the numbers that are bf16 values.
        numbers: how many numbers this is from.
    """

    decimals: int
    fixed_decimals: bool
    float32: float
    fp16: float
    bf16: float
    numbers: int


def count_decimals(text: str) -> int:
    """Return the digits after the point of a printed number, exponents taken into account."""
    mantissa, _, exponent = text.lower().partition("e")
    _, _, digits = mantissa.partition(".")
    digits = digits.rstrip("0")
    return max(0, len(digits) - int(exponent or 0))


def _printed(rows: Sequence[Row]) -> list[tuple[float, str]]:
    return [
        (entry.logprob, entry.printed)
        for row in rows
        for entry in row.top
        if np.isfinite(entry.logprob) and entry.logprob > -1000 and entry.logprob != 0
    ]


def _decimals(printed: Sequence[tuple[float, str]]) -> int:
    return max((count_decimals(text) for _, text in printed), default=0)


def print_resolution(rows: Sequence[Row]) -> float:
    """Return half a unit of the last printed digit, nats; 0 where nothing was cut.

    A cut at three decimals or fewer is not a matter of print: it is a grid, and is left to the
    grid families.
    """
    printed = _printed(rows)
    decimals = _decimals(printed)
    cut = 4 <= decimals <= _FLOAT32_DECIMALS and len(printed) >= _FEW
    return 0.5 * 10.0**-decimals if cut else 0.0


def number_format(rows: Sequence[Row]) -> NumberFormat:
    """Describe the print of all logprobs in ``rows``; zeros and sentinels do not count."""
    printed = _printed(rows)
    values = np.array([value for value, _ in printed])
    n = values.size
    if n == 0:
        return NumberFormat(decimals=0, fixed_decimals=False, float32=0, fp16=0, bf16=0, numbers=0)
    decimals = _decimals(printed)
    shortest = [float(str(np.float32(value))) == value for value, _ in printed]
    close = np.abs(values) * 2.0**-23

    def share(bits: int) -> float:
        return float(np.mean(np.abs(round_to(values, bits) - values) <= close))

    return NumberFormat(
        decimals=decimals,
        fixed_decimals=decimals <= _FLOAT32_DECIMALS and n >= _FEW,
        float32=float(np.mean(shortest)),
        fp16=share(11),
        bf16=share(8),
        numbers=n,
    )
