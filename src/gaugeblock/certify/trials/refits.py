"""Is it the same direction when fitted on other data of the same kind?"""

from __future__ import annotations

import numpy as np

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import Reading, TrialResult
from gaugeblock.certify.trials.verdict import result, rule
from gaugeblock.detectors.arrays import Floats
from gaugeblock.detectors.splits import grouped_halves


def mahalanobis_cosine(a: Floats, b: Floats, covariance: Floats) -> float:
    """Return the correlation of the two directions' scores under a covariance of activations.

    Args:
        a: direction, shape (d,).
        b: direction, shape (d,).
        covariance: shape (d, d).

    Source: arXiv:2602.20273: cosine in the metric of the activations' covariance.
    """
    inner = a @ covariance @ b
    return float(inner / np.sqrt((a @ covariance @ a) * (b @ covariance @ b)))


def refits(exhibit: Exhibit, seed: int) -> TrialResult:
    """Refit on random halves of the training groups and compare the directions."""
    criterion = "printed only: near 1 says the data decide the direction, near 0 the draw does"
    if exhibit.refit is None:
        return result(
            "refits", "not measured", criterion, "A detector of unknown making cannot be refitted."
        )
    train = exhibit.train
    covariance = np.cov(train.x.reshape(len(train.x), -1).T)
    directions = []
    for i in range(rule("refits").count("refits")):
        half, _ = grouped_halves(train.labels, train.groups, 0.5, seed + i)
        probe = exhibit.refit().fit(train.x[half], train.labels[half], groups=train.groups[half])
        if probe.direction is None or probe.direction.shape != (train.x.shape[-1],):
            return result(
                "refits", "not applicable", criterion, "This detector has no single direction."
            )
        directions.append(probe.direction)
    pairs = [(a, b) for i, a in enumerate(directions) for b in directions[i + 1 :]]
    in_metric = np.array([mahalanobis_cosine(a, b, covariance) for a, b in pairs])
    plain = np.array([float(a @ b) for a, b in pairs])
    readings = [
        Reading(
            name=name,
            value=float(np.median(values)),
            n=len(directions),
            seed=seed,
            unit="cosine",
            note=f"lowest of {len(pairs)} pairs {values.min():.3f}; refits share data, so no "
            "interval",
        )
        for name, values in (("Mahalanobis cosine", in_metric), ("plain cosine", plain))
    ]
    finding = f"Refitted on halves, median Mahalanobis cosine {np.median(in_metric):.3f}"
    return result("refits", "printed", criterion, finding + ".", readings)
