"""Seeds as units: class counts, comparisons with FDR, and when a penalty may be blamed."""

from __future__ import annotations

import pytest

from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.grids.blame import Arm, blame
from gaugeblock.pressure.grids.statistics import SeedOutcome, compare, summarise
from gaugeblock.pressure.kinds import RunRecord
from gaugeblock.pressure.outcome import Outcome
from gaugeblock.pressure.outcome_spec import load_outcome_spec

SPEC = load_outcome_spec()


def runs(monitors: str, kl: float | None = 1.0, behaviour: str = "misbehaving"):
    """One run per letter: i intact, g gone, u undecided."""
    names = {"i": "intact", "g": "gone", "u": "undecided"}
    return tuple(
        SeedOutcome(
            run=RunRecord(base_seed=i % 2, seed=i),
            outcome=Outcome(
                spec=1,
                spec_sha256=SPEC.sha256,
                label="undecided",
                behaviour=behaviour,
                monitor=names[letter],
                cause="none",
                recovered_by="",
                battery=(),
                held_out_reading=0,
                held_out_failing=0,
                held_out=0,
                steps=(),
            ),
            kl=kl,
        )
        for i, letter in enumerate(monitors)
    )


def test_classes_are_counted_by_seed_with_intervals() -> None:
    found = summarise("P3", runs("gggggi"))
    rates = {count.name: count.rate for count in found.classes["monitor"]}
    assert (rates["gone"].k, rates["gone"].n) == (5, 6)
    assert rates["gone"].low < 5 / 6 < rates["gone"].high
    assert (found.seeds, found.base_seeds, found.median_kl) == (6, 2, 1.0)
    assert summarise("P3", (*runs("g"), *runs("gi", None)[1:])).median_kl is None


def test_a_copied_run_is_no_second_run() -> None:
    with pytest.raises(GaugeblockError, match="a run copied is no second run"):
        summarise("P3", runs("g") * 2)
    with pytest.raises(GaugeblockError, match="no runs"):
        summarise("P3", ())


def test_six_against_six_differs_and_three_against_three_cannot() -> None:
    (found,) = compare({"a": runs("gggggg"), "b": runs("iiiiii")}, SPEC, [("monitor", "intact")])
    assert found.counts == (0, 6, 6, 6)
    assert found.p == pytest.approx(0.00216, abs=1e-5)
    assert found.verdict == "differ"
    (few,) = compare({"a": runs("ggg"), "b": runs("iii")}, SPEC, [("monitor", "intact")])
    assert few.p == pytest.approx(0.1)
    assert few.verdict == "undecided"


def test_many_comparisons_are_corrected_together() -> None:
    cells = {"a": runs("gggggi"), "b": runs("giiiii")} | {f"c{i}": runs("giiiii") for i in range(8)}
    found = compare(cells, SPEC, [("monitor", "intact")])
    assert len(found) == 45
    assert all(one.p_adjusted >= one.p for one in found)
    alone = compare({"a": cells["a"], "b": cells["b"]}, SPEC, [("monitor", "intact")])[0]
    assert alone.p_adjusted == pytest.approx(alone.p)


def test_a_penalty_is_blamed_only_if_both_controls_are_beaten() -> None:
    lost, kept = runs("gggggg"), runs("iiiiii")
    arms = {
        "penalty": Arm(arm=lost, drift=kept, random_labels=kept),
        "drifts anyway": Arm(arm=lost, drift=lost, random_labels=kept),
        "any penalty": Arm(arm=lost, drift=kept, random_labels=lost),
        "nothing lost": Arm(arm=kept, drift=kept, random_labels=kept),
    }
    said = {one.cell: one for one in blame(arms, SPEC)}
    assert said["penalty"].verdict == "penalty"
    assert said["penalty"].p == pytest.approx(1 / 924)
    assert said["penalty"].p_adjusted == pytest.approx(4 / 924)
    for cell in ("drifts anyway", "any penalty", "nothing lost"):
        assert said[cell].verdict == "not shown"


def test_undecided_runs_count_against_the_arm() -> None:
    kept = runs("iiiiii")
    unsure = Arm(arm=runs("gguuuu"), drift=kept, random_labels=kept)
    (one,) = blame({"arm": unsure}, SPEC)
    assert one.verdict == "not shown"
    assert "lost in 2 of 6" in one.because
    doubt = Arm(arm=runs("gggggg"), drift=runs("iiuuuu"), random_labels=kept)
    (other,) = blame({"arm": doubt}, SPEC)
    assert "drift 4 of 6" in other.because
    assert other.verdict == "not shown"


@pytest.mark.parametrize(
    ("arm", "drift", "why"),
    [
        (runs("ggg"), runs("iii"), "6 of each are asked for"),
        (runs("gggggg", 3.0), runs("iiiiii", 1.0), "median drift 3 against 1 nats is not matched"),
        (runs("gggggg", None), runs("iiiiii"), "drift was not measured in every run"),
    ],
)
def test_without_matched_controls_nothing_is_decided(arm, drift, why) -> None:
    (one,) = blame({"arm": Arm(arm=arm, drift=drift, random_labels=drift)}, SPEC)
    assert one.verdict == "undecided"
    assert why in one.because
    assert one.p is None
