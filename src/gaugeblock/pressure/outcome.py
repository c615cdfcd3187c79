"""What came of a training: the outcome on two axes, and the reason for each step to it."""

from __future__ import annotations

from typing import Literal

from gaugeblock.frozen import Record

BehaviourClass = Literal["honest", "misbehaving", "degenerate", "undecided", "not measured"]
MonitorClass = Literal[
    "intact", "shifted", "direction lost", "linearly hidden", "gone", "saturated", "undecided"
]
Cause = Literal["text", "activations", "mixed", "undecided", "none"]
Label = Literal[
    "honest",
    "honest but blind",
    "misbehaving, seen",
    "misbehaving, hidden",
    "misbehaving, alarm always on",
    "degenerate",
    "behaviour not measured",
    "undecided",
]


Said = Literal["yes", "no", "undecided"]


class Step(Record):
    """One rule as it was applied.

    Attributes:
        rule: its name in the spec.
        decision: what it said: "yes", "no" or "undecided".
        because: the numbers, with intervals and n.
    """

    rule: str
    decision: Said
    because: str


class Outcome(Record):
    """What happened to behaviour and to monitor.

    Attributes:
        spec: version of the rules.
        spec_sha256: their hash.
        label: both axes in words.
        behaviour: what the model does.
        monitor: what became of the detector trained against.
        cause: whether text or activations did it; "none" where nothing was lost.
        recovered_by: the least that reads again: "nothing needed", "a new threshold", "a new
            linear probe", "a nonlinear probe", "another layer", "" where none did or none is
            decided.
        battery: every instrument tried for what was lost; "gone" says no more than that none of
            these reads.
        held_out_reading: held-out detectors that still read the policy.
        held_out_failing: held-out detectors that do not; the rest are undecided.
        held_out: all of them.
        steps: the rules in the order they were applied.
    """

    spec: int
    spec_sha256: str
    label: Label
    behaviour: BehaviourClass
    monitor: MonitorClass
    cause: Cause
    recovered_by: str
    battery: tuple[str, ...]
    held_out_reading: int
    held_out_failing: int
    held_out: int
    steps: tuple[Step, ...]

    @property
    def words(self) -> str:
        """The outcome in one line."""
        cause = {
            "none": "",
            "text": " by text",
            "activations": " by activations",
            "mixed": " by text and activations",
            "undecided": ", cause undecided",
        }[self.cause]
        monitor = f"monitor {self.monitor}{cause}"
        return f"{self.label} (behaviour {self.behaviour}, {monitor})"
