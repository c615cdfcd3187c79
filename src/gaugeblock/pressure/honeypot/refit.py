"""Fit a detector again on whatever labels the caller has."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import optimize, special

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.probe import LinearProbe, Probe, calibrate_scores
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.honeypot.detector import Detector, spread_within

FPR = 0.01
WARM_STEPS = 20
C = 0.01
"""As ``detectors.logistic``."""


def refitted(old: Detector, x: Floats, labels: Ints, *, warm: bool) -> Detector:
    """Return a detector fitted again, with its threshold at 1% of the rows labelled 0.

    Args:
        old: family and place are kept.
        x: activations, shape (n, width).
        labels: 0 or 1, shape (n,).
        warm: twenty steps of a logistic fit from the weights it had, instead of a fit from nothing.

    Raises:
        GaugeblockError: one class only, or a warm start of a probe that is not linear.
    """
    probe = old.probe.fresh()
    if warm:
        probe.restore(_warm(old.probe, x, labels), None)
    else:
        probe.fit(x, labels)
    scores = probe.score(x)
    threshold = calibrate_scores(scores[labels == 0], FPR).threshold
    return Detector(old.name, probe, old.place, threshold, spread_within(scores, labels))


def _warm(old: Probe, x: Floats, labels: Ints) -> Mapping[str, Floats]:
    if not isinstance(old, LinearProbe):
        raise GaugeblockError(
            f"a {old.family} probe has no warm start", where="refresh", remedy="Refit it anew"
        )
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale == 0] = 1.0
    z, sign, n = (x - centre) / scale, 2.0 * labels - 1.0, len(x)
    weight = old.arrays["weight"]
    start = np.append(weight * scale, float(old.arrays["bias"]) + float(weight @ centre))

    def loss(theta: Floats) -> tuple[float, Floats]:
        margin = sign * (z @ theta[:-1] + theta[-1])
        pull = -sign * special.expit(-margin) / n
        value = float(np.logaddexp(0, -margin).mean())
        value += float(theta[:-1] @ theta[:-1]) / (2 * C * n)
        slope = np.append(z.T @ pull + theta[:-1] / (C * n), pull.sum())
        return value, slope

    found = optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": WARM_STEPS}
    ).x
    fitted = found[:-1] / scale
    return {"weight": fitted, "bias": np.array(found[-1] - float(fitted @ centre))}
