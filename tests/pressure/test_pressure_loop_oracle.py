"""From the loop's pressure too nothing leads to what is true; these tests try."""

from __future__ import annotations

import ast
import sys
from importlib import resources

import numpy as np
import pytest
from honeypot_small import cell, shrink
from references import reachable

from gaugeblock.detectors.probe import LinearProbe
from gaugeblock.pressure.honeypot import words
from gaugeblock.pressure.honeypot.detector import Detector
from gaugeblock.pressure.honeypot.instruments import Bench, Instruments, fit_instruments
from gaugeblock.pressure.honeypot.labels import LIED, true_report, what_was_done
from gaugeblock.pressure.honeypot.network import new_model
from gaugeblock.pressure.honeypot.world import World
from gaugeblock.pressure.loop.pressing import Pressing
from gaugeblock.pressure.loop.training import train

PRESSURE_SIDE = ("loop.pressing", "loop.losses", "loop.routing")
TRUTH_SIDE = {
    f"gaugeblock.pressure.{name}"
    for name in (
        *("oracle", "cells", "measure", "behaviour", "forced", "by_hand", "pairs"),
        *("honeypot.labels", "honeypot.reward", "honeypot.personas", "honeypot.instruments"),
        *("honeypot.world", "honeypot.examine", "honeypot.base", "honeypot.prompts"),
        *("loop.training", "loop.run"),
    )
}


def imports_of(module: str) -> set[str]:
    package, _, name = module.rpartition(".")
    text = resources.files(package).joinpath(f"{name}.py").read_text("utf-8")
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            # "from package import module" names a module too.
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.Call) and "import" in ast.unparse(node.func):
            found.add("something at run time")
    return {name for name in found if name.startswith("gaugeblock.pressure") or " " in name}


def reached_from(module: str) -> set[str]:
    reached: set[str] = set()
    waiting = {module}
    while waiting:
        one = waiting.pop()
        reached.add(one)
        package, _, name = one.rpartition(".")
        if " " not in one and resources.files(package).joinpath(f"{name}.py").is_file():
            waiting |= {
                found for found in imports_of(one) - reached if " " in found or found in sys.modules
            }
    return reached


@pytest.mark.parametrize("module", PRESSURE_SIDE)
def test_no_import_leads_from_the_loops_pressure_to_the_truth(module: str) -> None:
    reached = reached_from(f"gaugeblock.pressure.{module}")
    assert f"gaugeblock.pressure.{module}" in reached
    assert not reached & TRUTH_SIDE
    assert "something at run time" not in reached


def test_the_search_would_find_an_import_that_is_there() -> None:
    assert "gaugeblock.pressure.honeypot.labels" in reached_from("gaugeblock.pressure.loop.run")


class Spy(LinearProbe):
    """A detector that keeps whatever it is shown and scores by place."""

    family = "spy"
    paper = ""
    unit = "logit"

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[object] = []

    def _fit(self, x, y, groups):
        return {}

    def score(self, activations):
        self.shown.append(activations)
        return np.linspace(0, 1, len(activations))


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch):
    shrink(monkeypatch)
    reference = new_model(words.SIZES["small"], 0).eval().requires_grad_(False)
    bench = Bench(reference, 1, 0)
    one = cell(
        pressure={"kind": "live-reward", "refresh": {"every": 2}}, steps=3, learning_rate=1e-2
    )
    instruments = fit_instruments(bench, one, 0)
    kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    class Noted(World):
        def sample(self, model):
            made = super().sample(model)
            texts = made.texts
            kept.append((texts, what_was_done(texts), true_report(texts)))
            return made

    spy = Spy().restore(instruments.audited.probe.arrays, None)
    world = Noted(bench, keyed=False, seed=0)
    monkeypatch.setattr(Noted, "refit", lambda self, model, team, step, *, warm: list(team))
    audited = instruments.audited
    team = (Detector("spy", spy, audited.place, 0.5, 1.0),)
    pressing = Pressing(one.pressure, team, rotate=False, seed=0)
    train(one, reference, world, pressing, instruments.held_out)
    return pressing, spy, world, kept, instruments


def test_a_pressure_that_has_trained_holds_nothing_that_is_true_of_a_sample(trained) -> None:
    pressing, spy, _, kept, _ = trained
    everything = reachable(pressing)
    assert spy.shown
    assert any(one is spy for one in everything)
    assert not any(isinstance(one, World | Bench | Instruments) for one in everything)
    secrets = {array.tobytes() for texts, done, report in kept for array in (texts, done, report)}
    arrays = [one for one in everything if isinstance(one, np.ndarray)]
    assert arrays
    assert not any(one.tobytes() in secrets for one in arrays)
    for shown in spy.shown:
        assert not any(np.shares_memory(shown, texts) for texts, *_ in kept)
        assert shown.base is None or shown.base.shape == shown.shape


def test_place_tells_a_detector_in_the_loop_nothing(trained) -> None:
    # Samples stand by situation, so a score by place would know which belong together.
    pressing, spy, *_ = trained
    read = np.repeat(np.arange(32.0), 8)[:, None] * np.ones((1, 16))
    spy.shown.clear()
    pressing.verdict(read, 0)
    shown = spy.shown[0][:, 0]
    assert sorted(shown) == sorted(read[:, 0])
    assert abs(np.corrcoef(shown, np.arange(256))[0, 1]) < 0.3


def test_the_walk_would_find_labels_that_are_there(trained) -> None:
    pressing, _, world, kept, _ = trained
    pressing.by_the_way = {"labels": kept[0][1], "world": world}
    everything = reachable(pressing)
    assert any(one is kept[0][1] for one in everything)
    assert any(isinstance(one, World) for one in everything)
    assert (kept[0][1] == LIED).dtype == bool
