"""Certify what another library fitted: its probe behind the contract of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from pydantic import JsonValue

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.probe import Probe


class ForeignProbe(Probe):
    """A probe of another library, refitted and scored through its own methods.

    For probelab, whose probes take its ``Activations`` and labels (scored before the sigmoid,
    which ties what it saturates)::

        ForeignProbe(
            lambda: probelab.probes.MassMean(),
            wrap=lambda x: probelab.Activations(torch.tensor(x).float(), dims="bh"),
            read=lambda probe, x: probe.predict_logits(x).detach().numpy(),
        )

    For scikit-learn: ``ForeignProbe(LogisticRegression, read=lambda m, x:
    m.decision_function(x))``. A function that returns one is what ``certify.run.certify_probe``
    takes; it cannot be saved as a detector file.

    Args:
        make: builds an unfitted probe with ``fit(x, y)``.
        wrap: turns an array (n, d) into what the probe reads.
        read: returns scores, shape (n,), from the probe and wrapped activations.
        direction: returns the direction, shape (d,), from the fitted probe; None where it has
            none, which leaves the causal trials without a direction to test.
    """

    family = "foreign"
    paper = "another library"
    unit = "rating"

    def __init__(
        self,
        make: Callable[[], Any],
        *,
        wrap: Callable[[Floats], Any] = lambda x: x,
        read: Callable[[Any, Any], ArrayLike],
        direction: Callable[[Any], ArrayLike] | None = None,
    ) -> None:
        super().__init__()
        self._make, self._wrap, self._read, self._direction = make, wrap, read, direction
        self._probe: Any = None

    def fresh(self) -> ForeignProbe:
        """Return an unfitted probe made the same way."""
        return ForeignProbe(self._make, wrap=self._wrap, read=self._read, direction=self._direction)

    @property
    def settings(self) -> dict[str, JsonValue]:
        """The class that fits, for the identity of a certificate."""
        made = type(self._probe if self._probe is not None else self._make())
        return {"fitted by": f"{made.__module__}.{made.__qualname__}"}

    @property
    def direction(self) -> Floats | None:
        """What the caller's ``direction`` returns, at length 1."""
        self._need_fit()
        if self._direction is None:
            return None
        found = np.asarray(self._direction(self._probe), dtype=np.float64).ravel()
        return np.asarray(found / np.linalg.norm(found), dtype=np.float64)

    def _fit(self, x: Floats, y: Ints, groups: Ints) -> Mapping[str, Floats]:
        self._probe = self._make()
        self._probe.fit(self._wrap(x), y)
        return {"weight": np.zeros((1, x.shape[1]))}

    def _score(self, x: Floats) -> Floats:
        return np.asarray(self._read(self._probe, self._wrap(x)), dtype=np.float64).reshape(len(x))
