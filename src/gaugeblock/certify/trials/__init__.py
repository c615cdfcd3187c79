"""The trials, one a file: an exhibit and a seed in, a result out."""

from __future__ import annotations

from collections.abc import Callable

from gaugeblock.certify.exhibit import Exhibit
from gaugeblock.certify.records import TrialResult
from gaugeblock.certify.trials.baselines import embedding, text_only, untrained
from gaugeblock.certify.trials.counterexamples import counterexamples
from gaugeblock.certify.trials.domain import domain
from gaugeblock.certify.trials.dose_response import dose_response
from gaugeblock.certify.trials.erasure import erasure
from gaugeblock.certify.trials.generalisation import generalisation
from gaugeblock.certify.trials.in_distribution import in_distribution
from gaugeblock.certify.trials.length import length
from gaugeblock.certify.trials.on_topic import on_topic
from gaugeblock.certify.trials.random_direction import random_direction
from gaugeblock.certify.trials.redundancy import redundancy
from gaugeblock.certify.trials.refits import refits
from gaugeblock.certify.trials.selectivity import selectivity
from gaugeblock.certify.trials.self_test import self_test
from gaugeblock.certify.trials.shuffled_labels import shuffled_labels
from gaugeblock.certify.trials.split_leak import split_leak
from gaugeblock.certify.trials.token import token

Trial = Callable[[Exhibit, int], TrialResult]

TRIALS: dict[str, Trial] = {
    "self_test": self_test,
    "split_leak": split_leak,
    "shuffled_labels": shuffled_labels,
    "random_direction": random_direction,
    "in_distribution": in_distribution,
    "generalisation": generalisation,
    "refits": refits,
    "domain": domain,
    "length": length,
    "token": token,
    "on_topic": on_topic,
    "text_only": text_only,
    "embedding": embedding,
    "untrained": untrained,
    "selectivity": selectivity,
    "dose_response": dose_response,
    "erasure": erasure,
    "counterexamples": counterexamples,
    "redundancy": redundancy,
}

__all__ = ["TRIALS", "Trial"]
