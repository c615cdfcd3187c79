"""Project directions out of the residual stream (Arditi et al. 2024, section 2.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations.hooks import on_output
from gaugeblock.models.activations.vectors import vectors


@contextmanager
def ablate(
    model: nn.Module,
    layer: int | Sequence[int],
    directions: ArrayLike | Tensor,
    mean: ArrayLike | Tensor | None = None,
) -> Iterator[None]:
    """Inside, ``h`` becomes ``h - Q Q^T (h - mean)`` at every position, Q spanning the directions.

    Args:
        model: the model.
        layer: the block whose output is changed, or several.
        directions: ``(width,)`` or ``(k, width)``, linearly independent, of any length.
        mean: ``(width,)``, where the component is left: mean ablation. None leaves it at zero.

    Raises:
        GaugeblockError: no such layer, shapes that do not fit, or dependent directions.
    """
    given = torch.as_tensor(directions)
    rows = vectors(model, given[None] if given.ndim == 1 else given, "directions", ndim=2).double()
    basis, triangle = torch.linalg.qr(rows.T)
    sizes = triangle.diagonal().abs()
    if len(rows) > rows.shape[1] or float(sizes.min()) <= 1e-9 * float(rows.norm(dim=1).max()):
        raise GaugeblockError("a direction is zero or depends on the others", where="directions")
    centre = None if mean is None else vectors(model, mean, "mean", ndim=1)

    def project(hidden: Tensor) -> Tensor:
        span = basis.to(hidden)
        rest = hidden if centre is None else hidden - centre.to(hidden)
        projected: Tensor = hidden - (rest @ span) @ span.T
        return projected

    with on_output(model, layer, project):
        yield
