"""Would labels that mean nothing have given the same number?"""

from __future__ import annotations

import numpy as np

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import Reading, TrialResult
from gaugeblock.certify.trials.verdict import reading, result, rule, shown
from gaugeblock.detectors.arrays import Floats, Ints, check_groups
from gaugeblock.detectors.metrics import auroc, auroc_interval
from gaugeblock.errors import GaugeblockError


def shuffle_by_group(labels: Ints, groups: Ints, rng: np.random.Generator) -> Ints:
    """Return labels dealt anew: within groups that hold both, across groups of one label each.

    Groups of one label keep their size, so that the null has the data's own clustering.
    """
    inside = np.lexsort((rng.random(len(labels)), groups))
    out = np.empty_like(labels)
    out[np.argsort(groups, kind="stable")] = labels[inside]
    sizes, sums = np.bincount(groups), np.bincount(groups, labels)
    pure = np.flatnonzero((sums == 0) | (sums == sizes))
    of_group = np.full(len(sizes), -1, dtype=np.int64)
    of_group[pure] = rng.permutation((sums[pure] > 0).astype(np.int64))
    dealt: Ints = np.where(of_group[groups] >= 0, of_group[groups], out)
    return dealt


def shuffled_labels(exhibit: Exhibit, seed: int) -> TrialResult:
    """Permute held-out labels against the scores, and refit on permuted training labels.

    Source: Phipson and Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39, for the p-value; Ojala and
    Garriga 2010, JMLR 11:1833, for permutation tests of classifiers.
    """
    rules = rule("shuffled_labels")
    largest_p, largest_bias = rules.limit("largest_p"), rules.limit("largest_null_bias")
    criterion = (
        f"p at most {largest_p} against labels shuffled by group, and detectors fitted on shuffled "
        f"labels within {largest_bias} of .5 on average (or three standard errors)"
    )
    rng = np.random.default_rng(seed)
    scores, labels = exhibit.scores(exhibit.home), exhibit.home.labels
    groups = check_groups(exhibit.home.groups, len(labels))
    observed = auroc_interval(scores, labels, groups)
    draws = rules.count("permutations")
    null = np.array([auroc(scores, shuffle_by_group(labels, groups, rng)) for _ in range(draws)])
    p = float((1 + (null >= auroc(scores, labels) - 1e-12).sum()) / (1 + draws))
    readings = [
        reading("held-out AUROC", observed),
        Reading(name="p against shuffled labels", value=p, n=draws, seed=seed, unit="p"),
        Reading(
            name="99% point of the null",
            value=float(np.quantile(null, 0.99)),
            n=draws,
            seed=seed,
            note="no interval: a quantile of the shuffles themselves",
        ),
    ]
    bias = 0.0
    if exhibit.refit is not None:
        refits = _null_refits(exhibit, rules.count("refits"), rng)
        if len(refits):
            bias = abs(float(refits.mean()) - 0.5)
            error = float(refits.std()) / np.sqrt(len(refits))
            # A few refits that chance to agree are no bias.
            bias = bias if bias > 3 * error else 0.0
            readings.append(
                Reading(
                    name="mean AUROC when fitted on shuffled labels",
                    value=float(refits.mean()),
                    n=len(refits),
                    seed=seed,
                    note=f"largest {refits.max():.3f}",
                )
            )
    held = p <= largest_p and bias <= largest_bias
    finding = f"AUROC {shown(observed)} against shuffled labels, p = {p:.3f}"
    if bias > largest_bias:
        finding += f"; but fitting on shuffled labels already gives {readings[-1].value:.3f}"
    return result("shuffled_labels", held, criterion, finding + ".", readings)


def _null_refits(exhibit: Exhibit, count: int, rng: np.random.Generator) -> Floats:
    assert exhibit.refit is not None
    train, home = exhibit.train, exhibit.home
    groups = check_groups(train.groups, len(train.x))
    found = []
    for _ in range(count):
        labels = shuffle_by_group(train.labels, groups, rng)
        try:
            probe = exhibit.refit().fit(train.x, labels, groups=train.groups)
        except GaugeblockError:
            # Shuffling within twins can leave two classes with one and the same mean.
            continue
        found.append(auroc(probe.score(home.x), home.labels))
    return np.array(found)
