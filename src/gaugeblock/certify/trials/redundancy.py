"""How many further directions, at right angles to each other, tell the same?"""

from __future__ import annotations

import numpy as np

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import Reading, TrialResult
from gaugeblock.certify.trials.erasure import without
from gaugeblock.certify.trials.verdict import result, rule
from gaugeblock.detectors.lda import LDA
from gaugeblock.detectors.metrics import auroc
from gaugeblock.errors import GaugeblockError


def redundancy(exhibit: Exhibit, seed: int) -> TrialResult:
    """Take out one fitted direction after the other until nothing decodes (INLP).

    Source: Ravfogel et al. 2020, arXiv:2004.07667, with LDA as the probe.
    """
    rules = rule("redundancy")
    least, most = rules.limit("still_decodes"), rules.count("most")
    criterion = f"printed only: directions taken out before the AUROC falls below {least}"
    train, home = exhibit.train, exhibit.home
    if train.x.ndim != 2:
        return result("redundancy", "not applicable", criterion, "It reads several layers.")
    x, held = train.x, home.x
    areas: list[float] = []
    while len(areas) < min(most, x.shape[1] - 1):
        try:
            probe = LDA().fit(x, train.labels)
        except GaugeblockError:
            break
        areas.append(auroc(probe.score(held), home.labels))
        direction = probe.direction
        if areas[-1] < least or direction is None:
            break
        x, held = without(x, direction), without(held, direction)
    rank = int(np.sum(np.array(areas) >= least))
    more = "at least " if rank == most else ""
    readings = [
        Reading(
            name="orthogonal directions that decode",
            value=float(rank),
            n=len(home.x),
            unit="count",
            note=more + "AUROC in turn " + ", ".join(f"{a:.2f}" for a in areas[:8]),
        )
    ]
    finding = f"{more}{rank} orthogonal directions decode above {least}".capitalize()
    return result("redundancy", "printed", criterion, finding + ".", readings)
