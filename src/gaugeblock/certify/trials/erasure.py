"""What goes when the concept is taken out: the label, the model's use of it, or more?"""

from __future__ import annotations

import numpy as np

from gaugeblock.certify.exhibit import Change, Exhibit, Sample
from gaugeblock.certify.records import Reading, TrialResult
from gaugeblock.certify.trials.dose_response import TEXTS
from gaugeblock.certify.trials.random_direction import random_directions
from gaugeblock.certify.trials.shuffled_labels import shuffle_by_group
from gaugeblock.certify.trials.verdict import reading, result, rule
from gaugeblock.detectors.arrays import Floats, check_groups
from gaugeblock.detectors.lda import LDA
from gaugeblock.detectors.metrics import auroc, auroc_interval
from gaugeblock.detectors.splits import grouped_folds
from gaugeblock.errors import GaugeblockError
from gaugeblock.stats import Interval

FOLDS = 5


def without(x: Floats, direction: Floats) -> Floats:
    """Return activations with their part along a unit vector taken out, shape (n, d)."""
    return np.asarray(x - np.outer(x @ direction, direction), dtype=np.float64)


def erasure(exhibit: Exhibit, seed: int) -> TrialResult:
    """Take the direction out, and all that is linear of the concept (LEACE); see what is left.

    Both are fitted on ``train``. Completeness is what a fresh probe, cross-validated on the erased
    ``home``, still reads: on the rows LEACE was fitted on there is nothing left by construction,
    which would show nothing. The output's own AUROC shows whether the model used what was erased;
    the loss on neutral text shows what else was lost. Each is set beside a control: random
    directions, and LEACE fitted on labels shuffled by group.

    Source: LEACE, arXiv:2306.03819; completeness and selectivity, arXiv:2408.15510; random
    controls, arXiv:2506.11673.
    """
    criterion = "printed only: completeness, use by the model, and side effects"
    direction = exhibit.probe.direction
    if direction is None or exhibit.home.x.ndim != 2:
        return result("erasure", "not applicable", criterion, "It has no single direction.")
    # Imported here: arrays alone are tried without torch, which the package around LEACE needs.
    from gaugeblock.models.activations.leace import Leace

    train, home = exhibit.train, exhibit.home
    rng = np.random.default_rng(seed)
    count = rule("erasure").count("random_directions")
    mean = train.x.mean(axis=0)
    groups = check_groups(train.groups, len(train.x))
    leace = Leace.fit(train.x, train.labels)
    changes = {
        "the direction": Change("erase", direction, mean),
        "LEACE": Change("leace", direction, mean, leace),
    }
    controls = {
        "the direction": [
            Change("erase", other, mean)
            for other in random_directions(train.x, count, rng, matched=True)
        ],
        "LEACE": [
            Change(
                "leace",
                direction,
                mean,
                Leace.fit(train.x, shuffle_by_group(train.labels, groups, rng)),
            )
            for _ in range(count)
        ],
    }
    before = still_read(home, home.x)
    left = {
        "the direction": still_read(home, without(home.x - mean, direction)),
        "LEACE": still_read(home, leace(home.x)),
    }
    readings = [reading("a fresh probe before", before)]
    readings += [reading(f"a fresh probe after erasing {name}", i) for name, i in left.items()]
    finding = (
        f"A fresh probe has {before.estimate:.3f}, after erasing the direction "
        f"{left['the direction'].estimate:.3f}, after LEACE {left['LEACE'].estimate:.3f}"
    )
    if exhibit.output is not None:
        pick = rng.permutation(len(home.x))[:TEXTS]
        used = _use(exhibit, home.take(pick), changes, controls, seed)
        readings += used
        if used:
            finding += (
                f"; the model's own output has {used[0].value:.3f}, {used[1].value:.3f} without "
                f"the direction and {used[3].value:.3f} after LEACE"
            )
    if exhibit.harm is not None:
        readings += _harm(exhibit, changes, controls)
    return result("erasure", "printed", criterion, finding + ".", readings)


def still_read(home: Sample, x: Floats) -> Interval:
    """Return the AUROC of LDA cross-validated by group on changed activations of ``home``."""
    labels, groups = home.labels, home.groups
    scores = np.zeros(len(x))
    for fit, test in grouped_folds(labels, groups, min(FOLDS, len(np.unique(groups)))):
        try:
            found = LDA().fit(x[fit], labels[fit]).score(x[test])
        except GaugeblockError:
            # No direction is left to fit: the fold tells nothing, which ties say.
            continue
        scores[test] = (found - np.median(found)) / (found.std() or 1.0)
    return auroc_interval(scores, labels, groups)


def _use(
    exhibit: Exhibit,
    some: Sample,
    changes: dict[str, Change],
    controls: dict[str, list[Change]],
    seed: int,
) -> list[Reading]:
    assert exhibit.output is not None
    texts, labels = some.texts, some.labels
    if not 0 < labels.sum() < len(labels):
        return []
    plain = auroc_interval(exhibit.output(texts, None), labels, some.groups)
    out = [reading("the model's own output before", plain)]
    for name, change in changes.items():
        gone = auroc_interval(exhibit.output(texts, change), labels, some.groups)
        random = [auroc(exhibit.output(texts, other), labels) for other in controls[name]]
        out.append(reading(f"the model's own output after erasing {name}", gone))
        out.append(
            Reading(
                name=f"after the control of {name}",
                value=float(np.median(random)),
                n=len(random),
                seed=seed,
                note=f"median of {_CONTROL[name]}; lowest {min(random):.3f}, so no interval",
            )
        )
    return out


_CONTROL = {"the direction": "random directions", "LEACE": "LEACE on shuffled labels"}


def _harm(
    exhibit: Exhibit, changes: dict[str, Change], controls: dict[str, list[Change]]
) -> list[Reading]:
    assert exhibit.harm is not None
    base = exhibit.harm(None)
    out = []
    for name, change in changes.items():
        lost = exhibit.harm(change) - base
        random = [float((exhibit.harm(other) - base).mean()) for other in controls[name]]
        out.append(
            Reading(
                name=f"rise of the loss on neutral text after erasing {name}",
                value=float(lost.mean()),
                n=len(lost),
                unit="loss",
                note=f"{_CONTROL[name]} up to {max(random):.3g}; the texts are fixed, so no "
                "interval",
            )
        )
    return out
