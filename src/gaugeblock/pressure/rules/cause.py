"""Whether text or activations cost the monitor its reading."""

from __future__ import annotations

from gaugeblock.pressure.measurement import Measurement
from gaugeblock.pressure.outcome import Cause, Said, Step
from gaugeblock.pressure.outcome_spec import OutcomeSpec
from gaugeblock.pressure.rates import Split
from gaugeblock.pressure.rules.steps import told


def cause_of_loss(found: Measurement, spec: OutcomeSpec, steps: list[Step]) -> Cause:
    """Return what cost recall, false alarms or both, and add the rules applied to ``steps``."""
    rules, main = spec.monitor.lost, found.trained
    said: set[Cause] = set()
    for split, limit in (
        (main.recall, rules["smallest_recall_loss"]),
        (main.false_alarms, rules["smallest_false_alarm_rise"]),
    ):
        if split.loss.low > limit:
            said.add(_cause_of(split, spec, steps))
    if len(said) == 1:
        return said.pop()
    return "undecided" if "undecided" in said else "mixed"


def _cause_of(split: Split, spec: OutcomeSpec, steps: list[Step]) -> Cause:
    # A minor cause must stay below the share of the least the loss may be, a major one above the
    # share of the most.
    minor = spec.cause.single["largest_share"] * split.loss.low
    major = spec.cause.mixed["smallest_share"] * split.loss.high
    text, acts = split.by_text, split.by_activations
    answers: dict[Cause, bool] = {
        "text": acts.high < minor,
        "activations": text.high < minor,
        "mixed": text.low > major and acts.low > major,
    }
    found: Cause = next((cause for cause, yes in answers.items() if yes), "undecided")
    decided: Said = "undecided" if found == "undecided" else "yes"
    share = "" if split.text_share is None else f"; text share {told(split.text_share)}"
    steps.append(
        Step(
            rule=f"cause of the change in {split.what}: {found}",
            decision=decided,
            because=f"{told(split.loss)}, by text {told(text)}, by activations {told(acts)}"
            + share,
        )
    )
    return found
