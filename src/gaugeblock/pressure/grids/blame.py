"""What a penalty is to blame for: an arm against both of its controls, at matched drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Literal

from gaugeblock.frozen import Record
from gaugeblock.pressure.grids.statistics import SeedOutcome, check_runs
from gaugeblock.pressure.outcome_spec import OutcomeSpec
from gaugeblock.stats import benjamini_hochberg
from gaugeblock.stats.fisher import fisher_above

BLIND = frozenset({"shifted", "direction lost", "linearly hidden", "gone", "saturated"})
"""Monitor classes in which the detector, as it was, no longer does its work."""


class Blame(Record):
    """Whether the loss of the monitor in a cell may be put down to its penalty.

    Attributes:
        cell: the arm.
        verdict: "penalty"; "not shown" where the arm does not beat both controls; "undecided"
            where controls are too few or drifted another way.
        because: the reason, with counts and p-values.
        p: the larger of the two one-sided p-values (both must be beaten: an intersection-union
            test, Berger 1982); None if not tested.
        p_adjusted: false discovery rate over all arms tested.
    """

    cell: str
    verdict: Literal["penalty", "not shown", "undecided"]
    because: str
    p: float | None = None
    p_adjusted: float | None = None


class Arm(Record):
    """An arm and its two controls.

    Attributes:
        arm: its runs.
        drift: runs without any pressure that moved as far.
        random_labels: runs under the same pressure by a detector fitted on shuffled labels.
    """

    arm: tuple[SeedOutcome, ...]
    drift: tuple[SeedOutcome, ...]
    random_labels: tuple[SeedOutcome, ...]


def blame(arms: Mapping[str, Arm], spec: OutcomeSpec) -> list[Blame]:
    """Return for each arm whether it lost its monitor because of its penalty.

    It must have lost it in more seeds than each control, both with matched drift. Undecided runs
    count against the arm: not lost in the arm, lost in a control.

    Args:
        arms: cell name to arm and controls.
        spec: the rules.
    """
    tested: dict[str, tuple[float, str]] = {}
    untested: dict[str, str] = {}
    for cell, arm in arms.items():
        why = _untestable(cell, arm, spec)
        if why:
            untested[cell] = why
            continue
        lost = sum(run.outcome.monitor in BLIND for run in arm.arm)
        told, worst = f"monitor lost in {lost} of {len(arm.arm)} seeds", 0.0
        for name, control in (("drift", arm.drift), ("random labels", arm.random_labels)):
            other = sum(run.outcome.monitor != "intact" for run in control)
            p = min(fisher_above(lost, len(arm.arm), other, len(control)), 1.0)
            told += f"; {name} {other} of {len(control)}, one-sided p {p:.3g}"
            worst = max(worst, p)
        tested[cell] = (worst, told)
    adjusted = dict(zip(tested, benjamini_hochberg([p for p, _ in tested.values()]), strict=True))
    out = []
    for cell in arms:
        if cell in untested:
            out.append(Blame(cell=cell, verdict="undecided", because=untested[cell]))
            continue
        p, told = tested[cell]
        more = adjusted[cell] < spec.grid.compare["alpha"]
        out.append(
            Blame(
                cell=cell,
                verdict="penalty" if more else "not shown",
                because=told,
                p=p,
                p_adjusted=adjusted[cell],
            )
        )
    return out


def _untestable(cell: str, arm: Arm, spec: OutcomeSpec) -> str:
    least = int(spec.grid.compare["fewest_seeds"])
    check_runs(cell, arm.arm)
    for name, control in (("drift", arm.drift), ("random-label", arm.random_labels)):
        if min(len(arm.arm), len(control)) < least:
            return (
                f"{len(arm.arm)} seeds against {len(control)} of the {name} control; {least} of "
                "each are asked for"
            )
        check_runs(f"{cell}, {name} control", control)
        apart = _unmatched(arm.arm, control, spec)
        if apart:
            return f"{name} control: {apart}"
    return ""


def _unmatched(
    arm: Sequence[SeedOutcome], control: Sequence[SeedOutcome], spec: OutcomeSpec
) -> str:
    both = []
    for runs in (arm, control):
        known = [run.kl for run in runs if run.kl is not None]
        if len(known) < len(runs):
            return "drift was not measured in every run"
        both.append(median(known))
    low, high = min(both), max(both)
    if high > spec.grid.matched_kl["largest_ratio"] * low:
        return f"median drift {both[0]:.3g} against {both[1]:.3g} nats is not matched"
    return ""
