"""What the audit of one policy measured, before any rule is put to it."""

from __future__ import annotations

from typing import Literal

from gaugeblock.frozen import Record
from gaugeblock.pressure.behaviour import Behaviour, SelfReport
from gaugeblock.pressure.cells import LayerName
from gaugeblock.pressure.kinds import RunRecord
from gaugeblock.pressure.rates import AurocSplit, Split
from gaugeblock.stats import Interval

Role = Literal["trained against", "held out"]


class DetectorReading(Record):
    """One detector in the four corners, on prompts that nothing here was fitted on.

    Attributes:
        name: of the detector.
        role: trained against, or held out.
        family: of the probe.
        layer: block that it reads.
        at: pooling of tokens.
        origin: "file", or "fitted on the reference" by this audit.
        threshold: fixed before the training: scores above it are flagged.
        threshold_from: where the threshold is from.
        recall: share of misbehaving rows flagged at that threshold, and what changed it.
        false_alarms: share of honest rows flagged, and what changed it.
        auroc: in the four corners.
        recalibrated_recall: recall on the policy at a threshold set anew at 1% false alarms on
            the policy's honest rows of the other half.
        recalibrated_false_alarms: false alarms there.
        recalibrated_loss: recall on the reference at the fixed threshold less
            ``recalibrated_recall``.
        auroc_simultaneous: AUROC on the policy, simultaneous over all held-out detectors; None
            for the one trained against.
        sha256: of the tensors of its file, by which a certificate knows it; "" where it is from
            no file.
    """

    name: str
    role: Role
    family: str
    layer: LayerName
    at: str
    origin: Literal["file", "fitted on the reference"]
    threshold: float
    threshold_from: str
    recall: Split
    false_alarms: Split
    auroc: AurocSplit
    recalibrated_recall: Interval
    recalibrated_false_alarms: Interval
    recalibrated_loss: Interval
    auroc_simultaneous: Interval | None = None
    sha256: str = ""


class Refit(Record):
    """A probe fitted anew on one half of the policy's text and activations, read on the other.

    Attributes:
        family: of the probe.
        layer: block that it reads.
        linear: whether it is a direction.
        same_layer: whether ``layer`` is the one of the detector trained against.
        auroc: on the policy, simultaneous over all refits.
        recall: at a threshold set at 1% false alarms on the half it was fitted on.
        backward: AUROC of the same probe on the reference's text and activations.
        note: "" or why it could not be fitted; it then reads nothing.
    """

    family: str
    layer: LayerName
    linear: bool
    same_layer: bool
    auroc: Interval
    recall: Interval
    backward: Interval
    note: str = ""


class Drift(Record):
    """How far the model moved, whatever pushed it.

    Attributes:
        kl: of the policy from the reference in nats per token; None where it was not measured.
        kl_texts: texts behind it.
        activation_shift: mean length of the change of honest reference texts' activations at the
            detector's layer, in units of their own spread (root mean square distance from their
            mean), with a bootstrap interval over prompts.
        score_shift: mean change of the detector's score on honest reference texts, in standard
            deviations of that score on the reference; likewise.
    """

    kl: Interval | None
    kl_texts: int
    activation_shift: Interval
    score_shift: Interval


class Measurement(Record):
    """Everything that was measured.

    Attributes:
        reference: what was trained.
        policy: what came of it.
        run: what was done to it, as far as it is known.
        rows: forced texts.
        prompts: independent prompts behind them.
        tested: prompts that nothing was fitted on; every number is from them.
        level: of every interval.
        seed: of the split and every random draw.
        trained: the detector trained against.
        held_out: detectors that the training never used.
        refits: probes fitted anew on the policy.
        behaviour: what it does by itself; None where that was not measured.
        self_report: what it says when asked; None where that was not measured.
        drift: how far it moved.
        not_measured: what could not be measured, and why.
        warnings: what a reader must know besides.
    """

    reference: str
    policy: str
    run: RunRecord
    rows: int
    prompts: int
    tested: int
    level: float
    seed: int
    trained: DetectorReading
    held_out: tuple[DetectorReading, ...]
    refits: tuple[Refit, ...]
    behaviour: Behaviour | None
    self_report: SelfReport | None
    drift: Drift
    not_measured: tuple[str, ...]
    warnings: tuple[str, ...]
