"""Floats of few significant bits: rounding to them, and how far apart they lie."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# Smallest normal number by significant bits: below it the spacing stops shrinking.
_SMALLEST = {11: 2.0**-14}


def spacing(values: npt.ArrayLike, bits: int) -> Array:
    """Return the distance between neighbouring floats of ``bits`` significant bits at ``values``.

    Args:
        values: any shape, nats.
        bits: significant bits with the hidden one: 8 for bf16, 11 for fp16, 24 for float32.
    """
    size = np.maximum(np.abs(np.asarray(values, float)), _SMALLEST.get(bits, 2.0**-126))
    gap: Array = np.ldexp(1.0, np.frexp(size)[1] - bits)
    return gap


def round_to(values: npt.ArrayLike, bits: int) -> Array:
    """Round to the nearest float of ``bits`` significant bits, ties to even."""
    numbers = np.asarray(values, float)
    gap = spacing(numbers, bits)
    rounded: Array = np.rint(numbers / gap) * gap
    return rounded


def cell(values: npt.ArrayLike, bits: int) -> tuple[Array, Array]:
    """Return the interval of reals that round to each grid value.

    At a power of two the floats below lie twice as close, so the cell is lopsided.

    Args:
        values: numbers on the grid, any shape.
        bits: significant bits.

    Returns:
        The lower and the upper ends, each of the shape of ``values``.
    """
    grid = np.asarray(values, float)
    gap = spacing(grid, bits)
    edge = np.abs(grid) == np.ldexp(0.5, np.frexp(np.abs(grid))[1])
    inward = np.where(edge & (grid != 0), gap / 4, gap / 2)
    lower = np.where(grid > 0, grid - inward, grid - gap / 2)
    upper = np.where(grid < 0, grid + inward, grid + gap / 2)
    return lower, upper


def grid_points(bits: int, low_exponent: int, high_exponent: int) -> Array:
    """Return all positive floats in [2**low_exponent, 2**high_exponent), ascending."""
    mantissa: npt.NDArray[Any] = np.arange(2 ** (bits - 1), 2**bits)
    exponents = np.arange(low_exponent, high_exponent)
    points: Array = np.ldexp(mantissa[None, :].astype(float), exponents[:, None] - bits + 1)
    return points.ravel()
