"""Could this kind of detector learn any labelling of these groups, however meaningless?"""

from __future__ import annotations

import numpy as np

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import Reading, TrialResult
from gaugeblock.certify.trials.verdict import result
from gaugeblock.detectors.metrics import auroc
from gaugeblock.errors import GaugeblockError

DRAWS = 5


def selectivity(exhibit: Exhibit, seed: int) -> TrialResult:
    """Fit on labels drawn per group, test on other texts of the same groups.

    Selectivity is the AUROC on the concept less that on the control task. It says what the
    detector's making could memorise, so it is printed and stops nothing.

    Source: Hewitt and Liang 2019, arXiv:1909.03368, section 2, with AUROC in place of accuracy.
    """
    criterion = "printed only: the concept's AUROC less that of labels drawn at random per group"
    if exhibit.refit is None:
        return result(
            "selectivity",
            "not measured",
            criterion,
            "A detector of unknown making cannot be refitted.",
        )
    train = exhibit.train
    rng = np.random.default_rng(seed)
    names, codes = np.unique(train.groups, return_inverse=True)
    order = rng.permutation(len(codes))
    # Rows of each group are dealt to both halves, so that what is tested is memory of the group.
    seen = np.zeros(len(names), dtype=int)
    fit = np.zeros(len(codes), dtype=bool)
    for row in order:
        fit[row] = seen[codes[row]] % 2 == 0
        seen[codes[row]] += 1
    if (~fit).sum() < 20 or len(names) < 8:
        return result(
            "selectivity", "not applicable", criterion, "Too few groups with several texts."
        )
    control = []
    for _ in range(DRAWS):
        labels = rng.permutation(np.arange(len(names)) % 2)[codes]
        try:
            probe = exhibit.refit().fit(train.x[fit], labels[fit], groups=train.groups[fit])
            control.append(auroc(probe.score(train.x[~fit]), labels[~fit]))
        except GaugeblockError:
            # Pairs and the like cannot be fitted on such labels at all.
            continue
    if not control:
        return result(
            "selectivity", "not applicable", criterion, "It cannot be fitted on drawn labels."
        )
    own = auroc(exhibit.scores(exhibit.home), exhibit.home.labels)
    mean = float(np.mean(control))
    readings = [
        Reading(
            name="selectivity",
            value=own - mean,
            n=len(control),
            seed=seed,
            unit="auroc difference",
            note="over draws of the control labels",
        ),
        Reading(
            name="control task",
            value=mean,
            n=int((~fit).sum()),
            seed=seed,
            note=f"draws from {min(control):.3f} to {max(control):.3f}",
        ),
    ]
    return result(
        "selectivity",
        "printed",
        criterion,
        f"Labels drawn per group are learnt to {mean:.3f}; selectivity {own - mean:+.3f}.",
        readings,
    )
