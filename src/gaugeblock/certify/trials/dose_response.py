"""Does pushing along the direction move the model's own output, both ways, more than chance?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from gaugeblock.certify.exhibit import Change, Exhibit
from gaugeblock.certify.records import Reading, TrialResult, Witness
from gaugeblock.certify.trials.random_direction import random_directions
from gaugeblock.certify.trials.verdict import result, rule
from gaugeblock.detectors.arrays import Floats, check_groups
from gaugeblock.stats import Interval, clustered_rate

TEXTS = 80
"""Held-out texts that are steered."""


def mean_interval(values: Floats, groups: ArrayLike, seed: int, resamples: int = 1000) -> Interval:
    """Return the mean with percentile limits from resampling whole groups."""
    codes = check_groups(groups, len(values))
    sums, sizes = np.bincount(codes, values), np.bincount(codes)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (resamples, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(
        low=float(low),
        high=float(high),
        level=0.95,
        method="group-bootstrap",
        estimate=float(values.mean()),
        n=len(values),
        clusters=len(sums),
    )


def step(exhibit: Exhibit) -> float:
    """Return the distance between the classes' mean activations along the direction."""
    direction = exhibit.probe.direction
    assert direction is not None
    along = exhibit.train.x @ direction
    gap = along[exhibit.train.labels == 1].mean() - along[exhibit.train.labels == 0].mean()
    return abs(float(gap)) or float(along.std())


def dose_response(exhibit: Exhibit, seed: int) -> TrialResult:
    """Steer by multiples of the distance between the classes, and by random directions as long.

    A text moves the wrong way where its output's slope over the doses is negative.

    Source: both signs and the anti-steerable share, arXiv:2407.12404; random controls,
    arXiv:2506.11673.
    """
    rules = rule("dose_response")
    doses = rules.limits["doses"]
    assert isinstance(doses, tuple)
    count, wrong_most = rules.count("random_directions"), rules.limit("largest_wrong_way")
    criterion = (
        "the output rises with the largest dose and falls with the most negative, both limits "
        f"clear of 0, steeper than all {2 * count} random directions as long, and at most "
        f"{wrong_most:.0%} of texts move the wrong way"
    )
    direction = exhibit.probe.direction
    if exhibit.output is None or direction is None:
        why = "no single direction" if direction is None else "no model behind the activations"
        return result(
            "dose_response", "not measured", criterion, f"The detector has {why} to steer by."
        )
    rng = np.random.default_rng(seed)
    pick = rng.permutation(len(exhibit.home.x))[:TEXTS]
    texts = [exhibit.home.texts[i] for i in pick]
    groups = exhibit.home.groups[pick]
    output, unit = exhibit.output, step(exhibit)
    plain = output(texts, None)
    shifts = {
        dose: output(texts, Change("steer", dose * unit * direction)) - plain for dose in doses
    }
    ends = (min(doses), max(doses))
    slopes = (shifts[ends[1]] - shifts[ends[0]]) / (ends[1] - ends[0])
    random = np.array(
        [
            float(
                np.mean(
                    output(texts, Change("steer", ends[1] * unit * other))
                    - output(texts, Change("steer", ends[0] * unit * other))
                )
            )
            / (ends[1] - ends[0])
            for matched in (False, True)
            for other in random_directions(exhibit.train.x, count, rng, matched=matched)
        ]
    )
    by_dose = {dose: mean_interval(shift, groups, seed) for dose, shift in shifts.items()}
    codes = check_groups(groups, len(texts))
    wrong = clustered_rate(
        np.bincount(codes, slopes < 0).astype(int).tolist(), np.bincount(codes).tolist()
    )
    slope = mean_interval(slopes, groups, seed)
    steepest = float(np.abs(random).max())
    readings = [
        Reading(
            name=f"output at dose {dose:+g}",
            value=i.estimate,
            n=len(texts),
            seed=seed,
            interval=i,
            unit="output",
        )
        for dose, i in by_dose.items()
    ]
    readings += [
        Reading(
            name="slope per dose",
            value=slope.estimate,
            n=len(texts),
            seed=seed,
            interval=slope,
            unit="output",
        ),
        Reading(
            name="texts that move the wrong way",
            value=wrong.estimate,
            n=len(texts),
            interval=wrong,
            unit="share",
        ),
    ]
    for kind, part in (("isotropic", random[:count]), ("covariance-matched", random[count:])):
        readings.append(
            Reading(
                name=f"steepest of {kind} random directions",
                value=float(np.abs(part).max()),
                n=count,
                seed=seed,
                unit="output",
                note=f"median size {np.median(np.abs(part)):.3g}; no interval: an extreme of draws",
            )
        )
    held = (
        by_dose[ends[1]].low > 0
        and by_dose[ends[0]].high < 0
        and (slope.estimate or 0) > steepest
        and (wrong.estimate or 0) <= wrong_most
    )
    finding = (
        f"{exhibit.output_name or 'The output'} moves by {slope.estimate:+.3g} per dose "
        f"({slope.low:+.3g} to {slope.high:+.3g}), random directions by up to {steepest:.3g}; "
        f"{wrong.estimate:.0%} of texts move the wrong way"
    )
    order = int(np.argmin(slopes)), int(np.argmax(slopes))
    scores = exhibit.probe.score(exhibit.home.x[pick])
    witnesses = [
        Witness(
            text=texts[i],
            label=int(exhibit.home.labels[pick][i]),
            score=float(scores[i]),
            note=f"slope {slopes[i]:+.3g}, the {word} of all",
        )
        for i, word in zip(order, ("lowest", "highest"), strict=True)
    ]
    return result("dose_response", held, criterion, finding + ".", readings, witnesses)
