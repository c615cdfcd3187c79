"""The simpler readers a detector has to beat: words alone, the embedding layer, no training."""

from __future__ import annotations

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import Outcome, Reading, TrialResult
from gaugeblock.certify.trials.verdict import auroc_gap, reading, result, rule, shown
from gaugeblock.detectors.arrays import Floats
from gaugeblock.detectors.lda import LDA
from gaugeblock.detectors.metrics import auroc_interval
from gaugeblock.detectors.text_only import TextOnly
from gaugeblock.errors import GaugeblockError


def text_only(exhibit: Exhibit, seed: int) -> TrialResult:
    """Compare with a bag of words fitted on the same training texts (black-to-white boost).

    Source: the boost is that of arXiv:2507.12691.
    """
    train, home = exhibit.train, exhibit.home
    baseline = TextOnly().fit(train.texts, train.labels).score(home.texts)
    return _against("text_only", exhibit, baseline, "words alone", seed)


def embedding(exhibit: Exhibit, seed: int) -> TrialResult:
    """Compare with the same kind of detector on what enters the first block."""
    return _refitted("embedding", exhibit, exhibit.embedding, "the embedding layer", seed)


def untrained(exhibit: Exhibit, seed: int) -> TrialResult:
    """Compare with the same kind of detector on the same architecture with random weights.

    Source: arXiv:2501.17727 on random transformers.
    """
    return _refitted("untrained", exhibit, exhibit.untrained, "the untrained model", seed)


def _refitted(
    trial: str,
    exhibit: Exhibit,
    activations: tuple[Floats, Floats] | None,
    name: str,
    seed: int,
) -> TrialResult:
    if activations is None:
        # Arrays without a model have no embedding layer and no untrained twin to compare with.
        reason: Outcome = "not applicable" if exhibit.checks is None else "not measured"
        return result(trial, reason, _criterion(name), f"No activations of {name} were given.")
    probe = exhibit.refit() if exhibit.refit is not None else LDA()
    try:
        probe.fit(activations[0], exhibit.train.labels, groups=exhibit.train.groups)
    except GaugeblockError as error:
        area = auroc_interval(
            exhibit.scores(exhibit.home), exhibit.home.labels, exhibit.home.groups
        )
        return result(
            trial,
            area.low > 0.5,
            _criterion(name),
            f"On {name} no detector can be fitted at all: {error.problem}. The detector has "
            f"{shown(area)}.",
            [reading("the detector", area)],
        )
    note = "" if exhibit.refit is not None else "by LDA, since the detector's making is unknown"
    return _against(trial, exhibit, probe.score(activations[1]), name, seed, note)


def _criterion(name: str) -> str:
    return f"its AUROC exceeds that of {name}, with the lower limit of the difference above 0"


def _against(
    trial: str, exhibit: Exhibit, baseline: Floats, name: str, seed: int, note: str = ""
) -> TrialResult:
    home = exhibit.home
    scores = exhibit.scores(home)
    own = auroc_interval(scores, home.labels, home.groups)
    other = auroc_interval(baseline, home.labels, home.groups)
    gap = auroc_gap(
        scores,
        baseline,
        home.labels,
        home.groups,
        resamples=rule(trial).count("resamples"),
        seed=seed,
    )
    readings = [
        Reading(
            name=f"gain over {name}",
            value=gap.estimate,
            n=len(scores),
            seed=seed,
            interval=gap,
            unit="auroc difference",
        ),
        reading("the detector", own),
        reading(name, other, note),
    ]
    finding = f"AUROC {shown(own)} against {shown(other)} for {name}, a gain of {shown(gap)}"
    return result(trial, gap.low > 0, _criterion(name), finding + ".", readings)
