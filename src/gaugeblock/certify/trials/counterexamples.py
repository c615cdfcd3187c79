"""A search for texts whose label is known and whose score is on the wrong side."""

from __future__ import annotations

import numpy as np

from gaugeblock.certify.exhibit import EditKind, Exhibit
from gaugeblock.certify.records import Reading, TrialResult, Witness
from gaugeblock.certify.search import GUIDED, KINDS, Flip, search
from gaugeblock.certify.trials.verdict import result, rule
from gaugeblock.detectors.arrays import check_groups
from gaugeblock.stats import clustered_rate, exact_rate


def counterexamples(exhibit: Exhibit, seed: int) -> TrialResult:
    """Edit texts step by step, always keeping the edit that pushes the score furthest.

    Edits that keep the label by construction and edits that may not are searched apart; only the
    first kind refutes. Guided kinds choose words by the gradient of the score. A text counts as
    right before by the threshold that best separates the training texts.
    """
    rules = rule("counterexamples")
    items, depth, width = (rules.count(name) for name in ("items", "depth", "candidates"))
    criterion = (
        f"no flip that keeps the label, among {items} texts, up to {depth} edits each, {width} "
        "candidates per edit"
    )
    if exhibit.read is None or exhibit.edits is None:
        return result(
            "counterexamples", "not measured", criterion, "New texts cannot be read or made here."
        )
    cut = exhibit.threshold()
    scores, labels = exhibit.scores(exhibit.home), exhibit.home.labels
    right = np.flatnonzero((scores > cut) == (labels == 1))
    rng = np.random.default_rng(seed)
    pick = rng.permutation(right)[:items]
    if not len(pick):
        return result(
            "counterexamples",
            False,
            criterion,
            "No held-out text is on the right side to begin with.",
        )
    flips: list[Flip] = []
    tried: dict[EditKind, set[int]] = {kind: set() for kind in KINDS}
    scored = 0
    for kind in KINDS:
        found, read = search(exhibit, pick, kind, cut, depth, width, tried[kind], rng)
        flips += found
        scored += read
    kept = [flip for flip in flips if flip.keeps_label]
    readings = []
    for kind in KINDS:
        if not tried[kind]:
            if kind in GUIDED:
                why = exhibit.guided_why_not if exhibit.guided is None else "no word can be swapped"
                readings.append(
                    Reading(
                        name=f"flipped by {kind}",
                        value=None,
                        n=len(pick),
                        unit="share",
                        note=f"not measured: {why}",
                    )
                )
            continue
        mine = [flip for flip in flips if flip.kind == kind]
        share = exact_rate(len(mine), len(tried[kind]))
        edits = f"median {np.median([f.edits for f in mine]):g} edits; " if mine else ""
        readings.append(
            Reading(
                name=f"flipped by {kind}",
                value=share.estimate,
                n=len(tried[kind]),
                seed=seed,
                interval=share,
                unit="share",
                note=f"{edits}{sum(f.keeps_label for f in mine)} of {len(mine)} keep the label by "
                "construction",
            )
        )
    readings.append(
        Reading(
            name="texts scored in the search",
            value=float(scored),
            n=len(pick),
            seed=seed,
            unit="count",
            note=f"the budget that was spent: {width} candidates, {depth} edits, {len(KINDS)} "
            "kinds of edit",
        )
    )
    refuted = len({flip.before for flip in kept})
    codes = check_groups(exhibit.home.groups[pick], len(pick))
    before = {flip.before for flip in kept}
    hit = np.array([exhibit.home.texts[i] in before for i in pick])
    bound = clustered_rate(
        np.bincount(codes, hit).astype(int).tolist(), np.bincount(codes).tolist()
    )
    readings.insert(
        0,
        Reading(
            name="texts with a counterexample",
            value=bound.estimate,
            n=len(pick),
            seed=seed,
            interval=bound,
            unit="share",
        ),
    )
    kept.sort(key=lambda flip: (flip.edits, len(flip.after)))
    witnesses = [
        Witness(
            text=flip.after,
            label=flip.label,
            score=flip.score,
            note=f"{flip.edits} edit{'s' * (flip.edits > 1)} by {flip.kind} from '{flip.before}'; "
            "the label is unchanged and the score has crossed the threshold",
        )
        for flip in kept[:3]
    ]
    finding = (
        f"{refuted} of {len(pick)} texts have a counterexample that keeps the label "
        f"({bound.low:.1%} to {bound.high:.1%}), {scored} texts scored"
    )
    return result("counterexamples", not kept, criterion, finding + ".", readings, witnesses)
