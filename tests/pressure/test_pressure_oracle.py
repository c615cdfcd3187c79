"""Labels cannot be reached from what a pressure or a detector runs on; these tests try."""

from __future__ import annotations

import ast
import pickle
import types
from importlib import resources

import numpy as np
import pytest
from references import reachable

from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.by_hand import make_world
from gaugeblock.pressure.cells import CORNERS
from gaugeblock.pressure.oracle import Oracle
from gaugeblock.pressure.seen import Seen, score_unseen, shuffled

PRESSURE_SIDE = ("signals", "seen", "kinds")
"""Modules that a pressure is made of."""
TRUTH_SIDE = ("oracle", "cells", "measure", "behaviour", "forced", "by_hand", "pairs")
"""Modules that hold labels or lead to them."""


def imports_of(module: str) -> set[str]:
    text = resources.files("gaugeblock.pressure").joinpath(f"{module}.py").read_text("utf-8")
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return {name for name in found if name.startswith("gaugeblock.pressure")}


@pytest.mark.parametrize("module", PRESSURE_SIDE)
def test_no_import_leads_from_a_pressure_to_the_truth(module: str) -> None:
    reached, waiting = set(), {f"gaugeblock.pressure.{module}"}
    while waiting:
        one = waiting.pop()
        reached.add(one)
        waiting |= imports_of(one.rpartition(".")[2]) - reached
    assert not {f"gaugeblock.pressure.{name}" for name in TRUTH_SIDE} & reached


class Cheat:
    """A detector that looks wherever an instrument can look instead of at what it is shown."""

    def __init__(self) -> None:
        self.shown: np.ndarray | None = None

    def score(self, activations):
        self.shown = activations
        return np.arange(len(activations)) % 2.0


def test_a_detector_that_scores_by_place_reads_nothing() -> None:
    cells, _ = make_world("untouched", prompts=300)
    cheat = Cheat()
    assert ((np.arange(600) % 2) == cells.labels).all()
    scores = score_unseen(cheat, cells.read("rr"))
    hits = ((scores > 0.5) == cells.labels).mean()
    assert 0.4 < hits < 0.6


def test_nothing_that_is_shown_leads_back_to_labels_or_to_more_rows() -> None:
    cells, _ = make_world("untouched", prompts=60)
    cheat = Cheat()
    score_unseen(cheat, cells.read("rr"))
    everything = reachable(cheat.shown)
    hidden = [cells.labels, cells.groups, *(cells.values[corner] for corner in CORNERS)]
    assert not any(one is secret for one in everything for secret in hidden)
    assert not any(isinstance(one, Oracle) for one in everything)
    assert cheat.shown.base is None or cheat.shown.base.shape == cheat.shown.shape
    with pytest.raises(ValueError, match="read-only"):
        cheat.shown[0] = 0
    for secret in hidden:
        assert not np.shares_memory(cheat.shown, secret)


def test_the_walk_would_find_labels_that_are_there() -> None:
    cells, _ = make_world("untouched", prompts=60)
    leaky = types.SimpleNamespace(shown=cells.read("rr"), by_the_way={"y": cells.labels})
    assert any(one is cells.labels for one in reachable(leaky))
    assert any(one is cells.values["rr"].base for one in reachable(cells.read("rr")))


def test_samples_hold_no_label_under_any_name() -> None:
    seen, _ = shuffled(np.zeros((4, 2)), seed=0, texts=["a", "b", "c", "d"])
    assert set(Seen.__slots__) == {"activations", "texts"}
    assert not hasattr(seen, "__dict__")
    with pytest.raises((AttributeError, TypeError)):
        seen.labels = [0, 1, 0, 1]


def test_an_oracle_cannot_be_listed_printed_or_pickled() -> None:
    oracle = Oracle({"a": 1, "b": 0})
    assert list(oracle.labels(["b", "a", "a"])) == [0, 1, 1]
    assert repr(oracle) == "Oracle(2 samples)"
    with pytest.raises(TypeError):
        iter(oracle)
    with pytest.raises(TypeError):
        vars(oracle)
    with pytest.raises(GaugeblockError, match="not pickled"):
        pickle.dumps(oracle)
    with pytest.raises(GaugeblockError, match="unknown sample c"):
        oracle.labels(["c"])
