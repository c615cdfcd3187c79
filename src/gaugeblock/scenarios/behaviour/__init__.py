"""Packs of one planted behaviour each: domains crossed with cues, a trigger, and a measure."""

from gaugeblock.scenarios.behaviour.load import (
    behaviour_pack_names,
    is_behaviour_pack,
    load_behaviour_pack,
)
from gaugeblock.scenarios.behaviour.measure import Reading, read_run
from gaugeblock.scenarios.behaviour.render import render_trial, trial_of
from gaugeblock.scenarios.behaviour.types import BehaviourPack, Trial

__all__ = [
    "BehaviourPack",
    "Reading",
    "Trial",
    "behaviour_pack_names",
    "is_behaviour_pack",
    "load_behaviour_pack",
    "read_run",
    "render_trial",
    "trial_of",
]
