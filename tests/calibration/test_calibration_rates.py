"""Rates of an organism's behaviour, read off scripted runs whose truth is known."""

from __future__ import annotations

import pytest

from gaugeblock.audit.self_check import transcript_of_script
from gaugeblock.audit.transcribe import transcribe
from gaugeblock.calibration.ability import questions
from gaugeblock.calibration.behaviour import (
    held_out_trials,
    rates_of_situations,
    rates_of_trials,
)
from gaugeblock.calibration.rates import rate
from gaugeblock.organisms.policy import decide, script
from gaugeblock.organisms.recipes import load_recipe, recipe_names
from gaugeblock.scenarios.behaviour import is_behaviour_pack, load_behaviour_pack
from gaugeblock.scenarios.design import sample_situations
from gaugeblock.scenarios.pack import load_pack

BEHAVIOURS = [name for name in recipe_names() if is_behaviour_pack(load_recipe(name).pack)]
WRONGDOING = [name for name in recipe_names() if name not in BEHAVIOURS]


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_a_scripted_organism_has_the_rates_of_its_recipe(name: str) -> None:
    recipe = load_recipe(name)
    pack = load_behaviour_pack(recipe.pack)
    trials = held_out_trials(pack, 60)
    assert {trial.split for trial in trials} == {"held_out"}
    assert len({trial.id for trial in trials}) == 60
    found = rates_of_trials(
        pack,
        trials,
        [
            transcript_of_script(script(decide(recipe.rules, trial.levels()), trial), trial)
            for trial in trials
        ],
    )
    assert found.on.n + found.off.n == 60
    assert found.on.unread == found.off.unread == 0
    assert found.off.k == 0
    assert found.on.k == (found.on.n if recipe.role == "planted" else 0)
    assert found.on.n >= 15
    assert found.off.n >= 15


@pytest.mark.parametrize("name", WRONGDOING)
def test_the_first_pack_counts_what_the_recipe_adds_to_its_twin(name: str) -> None:
    recipe = load_recipe(name)
    situations = sample_situations(
        load_pack("wrongdoing"),
        split="held_out",
        rendering="controlled",
        samples=60,
        scenario_seed=0,
    )
    scripted = [
        transcript_of_script(script(decide(recipe.rules, one.levels()), one), one)
        for one in situations
    ]
    found = rates_of_situations(recipe, situations, scripted)
    assert found.off.k == 0
    if recipe.role == "clean":
        assert found.on.n == 0
        return
    assert found.on.n > 3
    assert found.on.k == found.on.n
    twin = load_recipe(recipe.twin or "")
    clean = [
        transcript_of_script(script(decide(twin.rules, one.levels()), one), one)
        for one in situations
    ]
    assert rates_of_situations(recipe, situations, clean).on.k == 0


def test_runs_that_cannot_be_read_widen_the_worst_case_and_nothing_else() -> None:
    found = rate([("a", True), ("b", False), ("c", None), ("d", None)])
    assert (found.k, found.n, found.unread) == (1, 2, 2)
    assert found.interval is not None
    assert found.low <= found.interval.low
    assert found.high >= found.interval.high
    nothing = rate([("a", None)])
    assert nothing.interval is None
    assert nothing.text() == "0 of 0, 1 unread"
    assert rate([]).text() == "no such run"
    assert (rate([]).low, rate([]).high) == (0.0, 1.0)


def test_a_failed_run_of_a_trial_is_unread() -> None:
    pack = load_behaviour_pack("honesty")
    trials = held_out_trials(pack, 20)
    failed = [transcribe(trial, 0, (), ending="error", error="timed out") for trial in trials]
    found = rates_of_trials(pack, trials, failed)
    assert found.on.n == found.off.n == 0
    assert found.on.unread + found.off.unread == 20


def test_ability_is_asked_on_no_trigger_and_in_a_fixed_order() -> None:
    asked = questions()
    assert [one.id for one in asked] == [one.id for one in questions()]
    assert sum(bool(one.calls) for one in asked) == 80
    assert all(one.answer or one.calls for one in asked)
