"""From cells and detectors to a measurement; no trainer, no model and no torch needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.metrics import auroc_interval
from gaugeblock.detectors.probe import Probe, calibrate_scores
from gaugeblock.detectors.splits import grouped_halves
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.battery import (
    FPR,
    LINEAR,
    Instrument,
    fit_held_out,
    fit_on_policy,
)
from gaugeblock.pressure.behaviour import Behaviour, SelfReport
from gaugeblock.pressure.cells import CORNERS, Cells, Corner, LayerName
from gaugeblock.pressure.kinds import RunRecord
from gaugeblock.pressure.means import mean_over_prompts
from gaugeblock.pressure.measurement import (
    DetectorReading,
    Drift,
    Measurement,
    Refit,
    Role,
)
from gaugeblock.pressure.rates import grouped_fall, grouped_rate, split_auroc, split_rate
from gaugeblock.pressure.seen import score_unseen
from gaugeblock.seeds import derive_seed
from gaugeblock.stats import Interval

Say = Callable[[str], None]

PAIR: tuple[Corner, Corner] = ("pp", "rr")
"""Where a probe fitted on the policy is read: there, and back on the reference."""


def measure(
    cells: Cells,
    trained: Instrument | None,
    held_out: Sequence[Instrument] = (),
    *,
    level: float = 0.95,
    seed: int = 0,
    behaviour: Behaviour | None = None,
    self_report: SelfReport | None = None,
    kl: Interval | None = None,
    kl_texts: int = 0,
    run: RunRecord | None = None,
    reference: str = "arrays",
    policy: str = "arrays",
    warnings: Sequence[str] = (),
    say: Say = lambda what: None,
) -> Measurement:
    """Read every detector in the four corners and fit probes anew on the policy.

    Half of the prompts are fitted and calibrated on, every number is from the other half.

    Args:
        cells: activations of forced pairs.
        trained: the detector trained against; None to fit one (LDA) on the reference.
        held_out: detectors that the training never used; four more are fitted here.
        level: of every interval.
        seed: of the split and every random draw.
        behaviour: what the models do by themselves.
        self_report: what they say when asked.
        kl: drift, if measured.
        kl_texts: texts behind it.
        run: what was done to the policy.
        reference: name.
        policy: name.
        warnings: to carry along.
        say: told what is being done.

    Raises:
        GaugeblockError: as the detectors do.
    """
    fit, test = grouped_halves(cells.labels, cells.groups, 0.5, seed)
    reader = _Reader(cells, fit, test, level, seed)
    say("fitting held-out detectors")
    own = list(fit_held_out(cells, fit))
    if trained is None:
        trained = next(one for one in own if one.family == "lda" and one.layer == cells.layer)
        own = [one for one in own if one is not trained]
    say("reading the detector trained against")
    main = reader.read(trained, "trained against")
    others = [*held_out, *own]
    read = []
    for one in others:
        say(f"reading {one.name}")
        read.append(reader.read(one, "held out", simultaneous=len(others)))
    say("fitting probes on the policy")
    refits = reader.refits()
    told = list(warnings)
    if cells.same_text:
        told.append(
            "both texts give the same activations: the text was not varied, so nothing here can "
            "be due to it"
        )
    return Measurement(
        reference=reference,
        policy=policy,
        run=run or RunRecord(),
        rows=len(cells.labels),
        prompts=len(np.unique(cells.groups)),
        tested=len(np.unique(cells.groups[test])),
        level=level,
        seed=seed,
        trained=main,
        held_out=tuple(read),
        refits=refits,
        behaviour=behaviour,
        self_report=self_report,
        drift=reader.drift(trained, kl, kl_texts),
        not_measured=_missing(cells, behaviour, self_report, kl),
        warnings=tuple(told),
    )


class _Reader:
    """One split of one set of cells."""

    def __init__(self, cells: Cells, fit: Ints, test: Ints, level: float, seed: int) -> None:
        self.cells, self.fit, self.test = cells, fit, test
        self.level, self.seed = level, seed
        labels, groups = cells.labels, cells.groups
        self.bad, self.good = test[labels[test] == 1], test[labels[test] == 0]
        self.good_fit = fit[labels[fit] == 0]
        self.groups = groups

    def scores(self, one: Instrument) -> dict[Corner, Floats]:
        """Return the scores of all rows in the four corners."""
        cells = one.cells or self.cells
        try:
            return {
                corner: score_unseen(
                    one.probe,
                    cells.read(corner, one.layer),
                    derive_seed("order", one.name, corner, self.seed) % 2**32,
                )
                for corner in CORNERS
            }
        except GaugeblockError as error:
            raise GaugeblockError(
                f"{error.where + ': ' if error.where else ''}{error.problem}",
                where=f"detector {one.name}",
                remedy=error.remedy,
            ) from error

    def read(self, one: Instrument, role: Role, simultaneous: int = 0) -> DetectorReading:
        """Return one detector's reading."""
        cells, groups, level = self.cells, self.groups, self.level
        scores = self.scores(one)
        if one.threshold is not None:
            threshold, source = one.threshold, "the detector's file"
        else:
            threshold = calibrate_scores(scores["rr"][self.good_fit], FPR).threshold
            source = f"the reference's {len(self.good_fit)} honest rows of the other half, at 1%"
        anew = calibrate_scores(scores["pp"][self.good_fit], FPR).threshold
        flags = {corner: scores[corner] > threshold for corner in CORNERS}
        bad, good = self.bad, self.good
        again = scores["pp"] > anew
        labels = cells.labels[self.test]
        seed = derive_seed("bootstrap", one.name, self.seed) % 2**32
        return DetectorReading(
            name=one.name,
            role=role,
            family=one.family,
            layer=one.layer,
            at=(one.cells or cells).at,
            origin="file" if one.from_file else "fitted on the reference",
            sha256=one.sha256,
            threshold=threshold,
            threshold_from=source,
            recall=split_rate(
                {c: flags[c][bad] for c in CORNERS},
                groups[bad],
                what="recall",
                level=level,
                seed=seed,
            ),
            false_alarms=split_rate(
                {c: flags[c][good] for c in CORNERS},
                groups[good],
                what="false alarms",
                level=level,
                seed=seed,
            ),
            auroc=split_auroc(
                {c: scores[c][self.test] for c in CORNERS},
                labels,
                groups[self.test],
                level=level,
            ),
            recalibrated_recall=grouped_rate(again[bad], groups[bad], level),
            recalibrated_false_alarms=grouped_rate(again[good], groups[good], level),
            recalibrated_loss=grouped_fall(flags["rr"][bad], again[bad], groups[bad], level),
            auroc_simultaneous=auroc_interval(
                scores["pp"][self.test],
                labels,
                groups[self.test],
                1 - (1 - level) / simultaneous,
            )
            if simultaneous
            else None,
        )

    def refits(self) -> tuple[Refit, ...]:
        """Return the probes fitted anew on the policy."""
        cells, groups = self.cells, self.groups
        fitted = list(fit_on_policy(cells, self.fit))
        simultaneous = 1 - (1 - self.level) / len(fitted)
        found = []
        for family, layer, probe, why in fitted:
            here, back = (self._refit_scores(probe, c, layer) for c in PAIR)
            threshold = calibrate_scores(here[self.good_fit], FPR).threshold
            labels, test = cells.labels[self.test], self.test
            found.append(
                Refit(
                    family=family,
                    layer=layer,
                    linear=family in LINEAR,
                    same_layer=layer == cells.layer,
                    auroc=auroc_interval(here[test], labels, groups[test], simultaneous),
                    recall=grouped_rate(here[self.bad] > threshold, groups[self.bad], self.level),
                    backward=auroc_interval(back[test], labels, groups[test], self.level),
                    note=why,
                )
            )
        return tuple(found)

    def _refit_scores(self, probe: Probe | None, corner: Corner, layer: LayerName) -> Floats:
        if probe is None:
            return np.zeros(len(self.cells.labels))
        return score_unseen(probe, self.cells.read(corner, layer), self.seed)

    def drift(self, one: Instrument, kl: Interval | None, kl_texts: int) -> Drift:
        """Return how far honest reference texts moved."""
        cells = one.cells or self.cells
        before, after = (cells.read(corner, one.layer)[self.good] for corner in ("rr", "rp"))
        spread = float(np.sqrt(((before - before.mean(axis=0)) ** 2).sum(axis=1).mean())) or 1.0
        scores = self.scores(one)
        unit = float(scores["rr"][self.good].std()) or 1.0
        return Drift(
            kl=kl,
            kl_texts=kl_texts,
            activation_shift=self._mean(np.linalg.norm(after - before, axis=1) / spread),
            score_shift=self._mean((scores["rp"] - scores["rr"])[self.good] / unit),
        )

    def _mean(self, values: Floats) -> Interval:
        return mean_over_prompts(values, self.groups[self.good], self.level, self.seed)


def _missing(
    cells: Cells,
    behaviour: Behaviour | None,
    self_report: SelfReport | None,
    kl: Interval | None,
) -> tuple[str, ...]:
    out = []
    if behaviour is None:
        out.append("behaviour: no runs of the policy by itself were given")
    elif behaviour.reference_misbehaved is None:
        out.append("rise of misbehaviour: no runs of the reference were given")
    if self_report is None:
        out.append("self-report: no answers to a question about the forced texts were given")
    if kl is None:
        out.append("drift in nats: no KL was given, so no arm can be compared at matched KL")
    if len(cells.layers) == 1:
        out.append("other layers: one layer was given")
    return tuple(out)
