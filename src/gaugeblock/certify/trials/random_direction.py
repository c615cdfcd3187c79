"""Would a direction drawn at random have done as well?"""

from __future__ import annotations

import numpy as np

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import Reading, TrialResult
from gaugeblock.certify.trials.verdict import reading, result, rule
from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.metrics import auroc, auroc_interval
from gaugeblock.stats import exact_rate


def random_directions(x: Floats, count: int, rng: np.random.Generator, *, matched: bool) -> Floats:
    """Return unit vectors, shape (count, d).

    Args:
        x: activations, shape (n, d).
        count: how many.
        rng: where they are drawn from.
        matched: drawn with the activations' own covariance (random mixtures of centred rows)
            instead of the same in every direction.
    """
    if matched:
        centred = x - x.mean(axis=0)
        drawn = rng.standard_normal((count, len(x))) @ centred
    else:
        drawn = rng.standard_normal((count, x.shape[1]))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float64)


def separation(scores: Floats, labels: Ints) -> float:
    """Return the distance between the classes' means over their pooled standard deviation."""
    high, low = scores[labels == 1], scores[labels == 0]
    pooled = np.sqrt((high.var() + low.var()) / 2)
    return float((high.mean() - low.mean()) / pooled) if pooled > 0 else 0.0


def random_direction(exhibit: Exhibit, seed: int) -> TrialResult:
    """Score held-out texts along random directions whose sign the training labels chose.

    They are compared by the separation of the classes, since AUROCs of 1 cannot be ranked. Only
    directions drawn the same in every dimension judge; those drawn with the activations' own
    covariance, which lean to whatever varies most, are printed.
    """
    rules = rule("random_direction")
    largest = rules.limit("largest_share")
    criterion = (
        f"at most {largest:.0%} of directions drawn the same in every dimension separate the "
        "classes as well as the detector"
    )
    train, home = exhibit.train, exhibit.home
    if home.x.ndim != 2 or home.x.shape[1] < 8:
        return result(
            "random_direction",
            "not applicable",
            criterion,
            "There are too few dimensions for a random direction to mean anything.",
        )
    rng = np.random.default_rng(seed)
    scores = exhibit.scores(home)
    own = separation(scores, home.labels)
    readings = [reading("the detector", auroc_interval(scores, home.labels, home.groups))]
    count = rules.count("directions")
    for matched, name in ((False, "isotropic"), (True, "covariance-matched")):
        directions = random_directions(train.x, count, rng, matched=matched)
        signs = [
            1 if separation(along, train.labels) >= 0 else -1
            for along in (train.x @ directions.T).T
        ]
        found = (home.x @ directions.T).T * np.array(signs)[:, None]
        as_good = sum(separation(along, home.labels) >= own for along in found)
        areas = [auroc(along, home.labels) for along in found]
        share = exact_rate(as_good, count)
        readings.append(
            Reading(
                name=f"{name} directions as good",
                value=as_good / count,
                n=count,
                seed=seed,
                interval=share,
                unit="share",
                note=f"median AUROC {np.median(areas):.3f}, best {max(areas):.3f}",
            )
        )
    as_good_share = readings[1].value or 0.0
    finding = (
        f"{as_good_share:.1%} of {count} random directions separate as well as the detector; "
        + readings[1].note
    )
    return result("random_direction", as_good_share <= largest, criterion, finding + ".", readings)
