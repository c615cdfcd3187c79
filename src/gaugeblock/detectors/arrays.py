"""What every instrument asks of its arrays before it reads them."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaugeblock.errors import GaugeblockError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def check_activations(activations: ArrayLike, *, ndim: int = 2, width: int | None = None) -> Floats:
    """Return activations as float64 with at least one row.

    Args:
        activations: shape (n, d), or (n, layers, d) where ``ndim`` is 3.
        ndim: number of dimensions the instrument reads.
        width: length of the last axis the instrument was fitted on; None before fitting.

    Raises:
        GaugeblockError: wrong shape, no rows, NaN or infinite values.
    """
    x = np.asarray(activations, dtype=np.float64)
    if x.ndim != ndim or not x.size:
        shape = "(n, d)" if ndim == 2 else "(n, layers, d)"
        raise GaugeblockError(
            f"shape {x.shape} where {shape} with n and d above 0 is read", where="activations"
        )
    finite = np.isfinite(x)
    if not finite.all():
        bad = np.flatnonzero(~finite.reshape(len(x), -1).all(axis=1))
        raise GaugeblockError(
            f"NaN or infinite values in {len(bad)} of {len(x)} rows, first in row {bad[0]}",
            where="activations",
            remedy="Record in float32; overflow in half precision is the usual cause",
        )
    if width is not None and x.shape[-1] != width:
        raise GaugeblockError(
            f"width {x.shape[-1]} where the detector was fitted on width {width}",
            where="activations",
            remedy="Record at the layer and model named in the detector's file",
        )
    return x


def check_labels(labels: ArrayLike, n: int) -> Ints:
    """Return labels as int64 0 and 1, shape (n,), both present.

    Raises:
        GaugeblockError: wrong length, other values, or one class only.
    """
    y = np.asarray(labels)
    if y.shape != (n,):
        raise GaugeblockError(f"{y.shape} labels for {n} rows", where="labels")
    if not np.isin(y, (0, 1)).all():
        raise GaugeblockError("values other than 0 and 1", where="labels")
    whole: Ints = y.astype(np.int64)
    if len(np.unique(whole)) < 2:
        raise GaugeblockError(
            f"one class only (all {n} are {whole[0]})",
            where="labels",
            remedy="Give rows of both classes",
        )
    return whole


def check_groups(groups: ArrayLike | None, n: int) -> Ints:
    """Return one int64 code per row, equal where the groups are; None makes each row its own.

    Raises:
        GaugeblockError: wrong length.
    """
    if groups is None:
        return np.arange(n, dtype=np.int64)
    names: list[Hashable] = np.asarray(groups).tolist()
    if len(names) != n:
        raise GaugeblockError(f"{len(names)} groups for {n} rows", where="groups")
    codes: dict[Hashable, int] = {}
    return np.array([codes.setdefault(name, len(codes)) for name in names], dtype=np.int64)
