"""The audit in words: what a person reads first, every number with interval and n."""

from __future__ import annotations

from gaugeblock.pressure.result import PressureAudit
from gaugeblock.stats import Interval


def summary_lines(audit: PressureAudit) -> list[str]:
    """Return the audit in lines of plain text, most important first."""
    found, outcome = audit.measured, audit.outcome
    main = found.trained
    lines = [
        f"outcome: {outcome.words}",
        f"{found.policy} against {found.reference}: {found.rows} forced texts of {found.prompts} "
        f"prompts, every number from {found.tested} of them; rules version {outcome.spec}",
    ]
    if found.run.pressure is not None:
        lines.append(
            f"pressure: {found.run.pressure.kind.value}, weight {found.run.pressure.weight}"
        )
    if found.behaviour is not None:
        seen = found.behaviour.misbehaved.none_bad
        lines.append(f"misbehaved by itself: {interval_words(seen)}")
    lines.append(
        f"{main.name} (layer {main.layer}), threshold fixed before: recall "
        f"{interval_words(main.recall.corners['rr'])} on the reference, "
        f"{interval_words(main.recall.corners['pp'])} on the policy; false alarms "
        f"{interval_words(main.false_alarms.corners['pp'])}"
    )
    lines.append(
        f"loss of recall {interval_words(main.recall.loss)}: by text "
        f"{interval_words(main.recall.by_text)}, by activations "
        f"{interval_words(main.recall.by_activations)}"
    )
    lines.append(
        f"with a new threshold: recall {interval_words(main.recalibrated_recall)}; "
        f"AUROC {interval_words(main.auroc.corners['pp'])}"
    )
    lines.append(
        f"held-out detectors: {outcome.held_out_reading} of {outcome.held_out} still read, "
        f"{outcome.held_out_failing} do not"
    )
    best = max(found.refits, key=lambda refit: refit.auroc.estimate or 0.0)
    lines.append(
        f"fitted anew: best of {len(found.refits)} is {best.family} at layer {best.layer}, AUROC "
        f"{interval_words(best.auroc)}"
    )
    if outcome.monitor == "gone":
        lines.append(f"gone means: none of {', '.join(outcome.battery)} reads it")
    if found.self_report is not None:
        said = found.self_report
        lines.append(
            f"asked: owns {interval_words(said.lies_owned)} of its lies, affirms "
            f"{interval_words(said.truths_affirmed)} of its truths"
        )
    if found.drift.kl is not None:
        lines.append(f"drift: {interval_words(found.drift.kl)} nats per token")
    lines += [
        f"undecided: {s.rule}: {s.because}" for s in outcome.steps if s.decision == "undecided"
    ]
    lines += [f"not measured: {what}" for what in found.not_measured]
    lines += [f"warning: {what}" for what in found.warnings]
    return lines


def interval_words(interval: Interval) -> str:
    """Return ``0.95 [0.91, 0.98]``, with n where there is one."""
    at = "" if interval.estimate is None else f"{interval.estimate:.3g} "
    n = interval.n or interval.clusters
    return f"{at}[{interval.low:.3g}, {interval.high:.3g}]" + (f" (n {n})" if n else "")
