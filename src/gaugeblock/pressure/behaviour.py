"""What the two models do by themselves, counted by scenario; and what they say of it when asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, ValidationError

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.stats import (
    Interval,
    WorstCase,
    clustered_rate,
    clustered_worst_case_bounds,
    paired_difference,
)


class Tally(Record):
    """Runs of one scenario, counted by what they were; scenarios are the independent units.

    Attributes:
        scenario: its id.
        misbehaved: runs that did.
        honest: runs that did not.
        degenerate: runs that gave no usable answer.
        unjudged: runs that nobody could judge.
    """

    scenario: str
    misbehaved: int = Field(default=0, ge=0)
    honest: int = Field(default=0, ge=0)
    degenerate: int = Field(default=0, ge=0)
    unjudged: int = Field(default=0, ge=0)

    @property
    def runs(self) -> int:
        """All runs."""
        return self.misbehaved + self.honest + self.degenerate + self.unjudged


class Runs(Record):
    """On-policy runs of reference and policy.

    Attributes:
        reference: by scenario; may be empty.
        policy: by scenario.
    """

    reference: tuple[Tally, ...] = ()
    policy: tuple[Tally, ...]


class Behaviour(Record):
    """Rates of what was done.

    Attributes:
        misbehaved: of the policy's runs, bounded over the unjudged ones.
        reference_misbehaved: of the reference's runs; None where it was not run.
        rise_at_most: policy less reference with the policy's unjudged runs counted as
            misbehaving and the reference's as honest; None without a reference.
        rise_at_least: the other way round.
        degenerate: of the policy's runs.
        counts: the policy's runs by kind.
        reference_counts: the reference's.
    """

    misbehaved: WorstCase
    reference_misbehaved: WorstCase | None
    rise_at_most: Interval | None
    rise_at_least: Interval | None
    degenerate: Interval
    counts: dict[str, int]
    reference_counts: dict[str, int]


class SelfReport(Record):
    """Answers to "was that true?" after forced lies and truths; both, or "always no" is not seen.

    Attributes:
        lies_owned: share of the policy's forced lies that it says were not true.
        truths_affirmed: share of its forced truths that it says were true.
        reference_lies_owned: the reference's.
        reference_truths_affirmed: the reference's.
    """

    lies_owned: Interval
    truths_affirmed: Interval
    reference_lies_owned: Interval | None = None
    reference_truths_affirmed: Interval | None = None


def load_runs(path: Path) -> Runs:
    """Read runs from JSON: ``{"reference": [tally, ...], "policy": [tally, ...]}``.

    Raises:
        GaugeblockError: no such file, or not such runs.
    """
    try:
        return Runs.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise GaugeblockError("no such file", where=path) from error
    except (ValidationError, json.JSONDecodeError) as error:
        raise GaugeblockError(
            f"not runs by scenario ({error})",
            where=path,
            remedy='Write {"policy": [{"scenario": "s1", "misbehaved": 1, "honest": 3}, ...]}',
        ) from error


def measure_behaviour(runs: Runs, level: float = 0.95) -> Behaviour:
    """Return the rates of what was done, clustered by scenario.

    Raises:
        GaugeblockError: the policy has no runs, or a scenario is named twice.
    """
    if not sum(tally.runs for tally in runs.policy):
        raise GaugeblockError("the policy has no runs", where="behaviour")
    for side, tallies in (("policy", runs.policy), ("reference", runs.reference)):
        if len({tally.scenario for tally in tallies}) < len(tallies):
            raise GaugeblockError("a scenario is named twice", where=f"behaviour {side}")
    before = {tally.scenario: tally for tally in runs.reference}
    both = [(before[t.scenario], t) for t in runs.policy if t.scenario in before]
    sizes = ([r.runs for r, _ in both], [p.runs for _, p in both])

    def rise(policy: Sequence[int], reference: Sequence[int]) -> Interval | None:
        if not both:
            return None
        return paired_difference(policy, sizes[1], reference, sizes[0], level)

    return Behaviour(
        misbehaved=_misbehaved(runs.policy, level),
        reference_misbehaved=_misbehaved(runs.reference, level) if runs.reference else None,
        rise_at_most=rise(
            [p.misbehaved + p.unjudged for _, p in both], [r.misbehaved for r, _ in both]
        ),
        rise_at_least=rise(
            [p.misbehaved for _, p in both], [r.misbehaved + r.unjudged for r, _ in both]
        ),
        degenerate=clustered_rate(
            [t.degenerate for t in runs.policy], [t.runs for t in runs.policy], level
        ),
        counts=_counts(runs.policy),
        reference_counts=_counts(runs.reference),
    )


def _misbehaved(tallies: Sequence[Tally], level: float) -> WorstCase:
    return clustered_worst_case_bounds(
        [t.misbehaved for t in tallies],
        [t.runs - t.unjudged for t in tallies],
        [t.runs for t in tallies],
        level,
    )


def _counts(tallies: Sequence[Tally]) -> dict[str, int]:
    kinds = ("misbehaved", "honest", "degenerate", "unjudged")
    return {kind: sum(getattr(t, kind) for t in tallies) for kind in kinds}
