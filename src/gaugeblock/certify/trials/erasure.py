"""What goes when the direction is taken out: the label, the model's use of it, or more?"""

from __future__ import annotations

import numpy as np

from gaugeblock.certify.exhibit import Change, Exhibit
from gaugeblock.certify.records import Reading, TrialResult
from gaugeblock.certify.trials.dose_response import TEXTS
from gaugeblock.certify.trials.random_direction import random_directions
from gaugeblock.certify.trials.verdict import reading, result, rule
from gaugeblock.detectors.arrays import Floats
from gaugeblock.detectors.lda import LDA
from gaugeblock.detectors.metrics import auroc, auroc_interval


def without(x: Floats, direction: Floats) -> Floats:
    """Return activations with their part along a unit vector taken out, shape (n, d)."""
    return np.asarray(x - np.outer(x @ direction, direction), dtype=np.float64)


def erasure(exhibit: Exhibit, seed: int) -> TrialResult:
    """Project the direction out: what a new probe still reads, what the output still tells.

    Completeness is how far a fresh probe falls; the output's own AUROC shows whether the model
    used the direction; the loss on neutral text shows what else was lost. Each is set beside
    random directions.

    Source: completeness and selectivity, arXiv:2408.15510; random controls, arXiv:2506.11673.
    """
    criterion = "printed only: completeness, use by the model, and side effects"
    direction = exhibit.probe.direction
    if direction is None or exhibit.home.x.ndim != 2:
        return result("erasure", "not applicable", criterion, "It has no single direction.")
    train, home = exhibit.train, exhibit.home
    fresh = LDA().fit(train.x, train.labels).score(home.x)
    erased = LDA().fit(without(train.x, direction), train.labels)
    after = auroc_interval(erased.score(without(home.x, direction)), home.labels, home.groups)
    readings = [
        reading("a fresh probe before", auroc_interval(fresh, home.labels, home.groups)),
        reading("a fresh probe after erasing the direction", after),
    ]
    finding = f"After erasing the direction a fresh probe still has {after.estimate:.3f}"
    if exhibit.output is not None:
        rng = np.random.default_rng(seed)
        pick = rng.permutation(len(home.x))[:TEXTS]
        texts, labels = [home.texts[i] for i in pick], home.labels[pick]
        mean = train.x.mean(axis=0)
        others = random_directions(
            train.x, rule("erasure").count("random_directions"), rng, matched=True
        )
        if 0 < labels.sum() < len(labels):
            before = auroc_interval(exhibit.output(texts, None), labels, home.groups[pick])
            gone = auroc_interval(
                exhibit.output(texts, Change("erase", direction, mean)), labels, home.groups[pick]
            )
            random = [
                auroc(exhibit.output(texts, Change("erase", other, mean)), labels)
                for other in others
            ]
            readings += [
                reading("the model's own output before", before),
                reading("the model's own output after", gone),
                Reading(
                    name="after erasing a random direction",
                    value=float(np.median(random)),
                    n=len(random),
                    seed=seed,
                    note=f"lowest {min(random):.3f}",
                ),
            ]
            finding += (
                f"; the model's own output goes from {before.estimate:.3f} to {gone.estimate:.3f}"
            )
        if exhibit.harm is not None:
            base = exhibit.harm(None)
            lost = exhibit.harm(Change("erase", direction, mean)) - base
            random = [float((exhibit.harm(Change("erase", o, mean)) - base).mean()) for o in others]
            readings.append(
                Reading(
                    name="rise of the loss on neutral text",
                    value=float(lost.mean()),
                    n=len(lost),
                    unit="nats",
                    note=f"random directions up to {max(random):.3g}; the texts are "
                    "fixed, so no interval",
                )
            )
    return result("erasure", "printed", criterion, finding + ".", readings)
