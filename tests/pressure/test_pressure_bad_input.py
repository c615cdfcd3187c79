"""Bad input gives an error that says what and where, before anything is measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gaugeblock.detectors.files import save_probe
from gaugeblock.detectors.lda import LDA
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.behaviour import Runs, Tally, load_runs, measure_behaviour
from gaugeblock.pressure.by_hand import make_world
from gaugeblock.pressure.cells import CORNERS, make_cells, save_arrays
from gaugeblock.pressure.result import audit_arrays

CELLS, _ = make_world("untouched", prompts=60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_arrays(tmp_path, CELLS)
    return tmp_path


def test_nan_is_named_by_corner_and_row(folder: Path) -> None:
    x = np.load(folder / "rp.npy")
    x[7, 0, 2] = np.nan
    np.save(folder / "rp.npy", x)
    with pytest.raises(GaugeblockError, match=r"^rp: NaN or infinite .* in 1 of 120 rows.*row 7"):
        audit_arrays(folder)


def test_shapes_that_disagree_are_all_told(folder: Path) -> None:
    np.save(folder / "pp.npy", np.load(folder / "pp.npy")[:-2])
    with pytest.raises(GaugeblockError, match=r"differ in shape .*pp \(118, 1, 12\)"):
        audit_arrays(folder)


def test_labels_of_one_class_and_of_another_length(folder: Path) -> None:
    np.save(folder / "labels.npy", np.ones(120, dtype=int))
    with pytest.raises(GaugeblockError, match="one class only"):
        audit_arrays(folder)
    np.save(folder / "labels.npy", np.tile([0, 1], 59))
    with pytest.raises(GaugeblockError, match=r"\(118,\) labels for 120 rows"):
        audit_arrays(folder)


def test_a_missing_file_a_pickle_and_a_text_are_refused(folder: Path) -> None:
    np.save(folder / "rr.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(GaugeblockError, match=r"rr\.npy: not a plain \.npy array"):
        audit_arrays(folder)
    (folder / "rr.npy").write_text("no array", encoding="utf-8")
    with pytest.raises(GaugeblockError, match=r"rr\.npy: not a plain \.npy array"):
        audit_arrays(folder)
    (folder / "rr.npy").unlink()
    with pytest.raises(GaugeblockError, match=r"rr\.npy: no such file"):
        audit_arrays(folder)
    with pytest.raises(GaugeblockError, match="no such directory"):
        audit_arrays(folder / "none")


def test_layers_must_be_named_and_there(folder: Path) -> None:
    deep = {corner: np.repeat(CELLS.values[corner], 2, axis=1) for corner in CORNERS}
    with pytest.raises(GaugeblockError, match="1 names for 2 layers"):
        make_cells(deep, CELLS.labels, CELLS.groups)
    with pytest.raises(GaugeblockError, match="2 layers, and none is named"):
        make_cells(deep, CELLS.labels, CELLS.groups, layers=(1, 2))
    with pytest.raises(GaugeblockError, match="layer 9 is not among the layers 1, 2"):
        make_cells(deep, CELLS.labels, CELLS.groups, layers=(1, 2), layer=9)
    (folder / "audit.json").write_text(json.dumps({"layr": 3}), encoding="utf-8")
    with pytest.raises(GaugeblockError, match="not a card of arrays"):
        audit_arrays(folder)


def detector(path: Path, *, width: int = 12, layer: int | None = 0, at: str = "last") -> Path:
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], 30)
    probe = LDA().fit(rng.normal(size=(60, width)) + labels[:, None], labels)
    save_probe(probe, path, concept="fault", layer=layer, at=at)
    return path.with_suffix(".json")


def test_a_detector_of_another_layer_width_or_pooling_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(GaugeblockError, match=r"far\.json: layer 4 is not among the layers 0"):
        audit_arrays(folder, [detector(folder / "far", layer=4)])
    with pytest.raises(GaugeblockError, match=r"wide\.json: .*width 16, .* width 12"):
        audit_arrays(folder, [detector(folder / "wide", width=16)])
    with pytest.raises(GaugeblockError, match=r"mean\.json: .*pooled by 'mean'"):
        audit_arrays(folder, [detector(folder / "mean", at="mean")])


def test_too_few_prompts_are_refused() -> None:
    few = {corner: CELLS.values[corner][:60] for corner in CORNERS}
    with pytest.raises(GaugeblockError, match="30 prompts"):
        make_cells(few, CELLS.labels[:60], CELLS.groups[:60])


def test_runs_must_be_counts_of_named_scenarios(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text('{"policy": [{"scenario": "a", "lied": 3}]}')
    with pytest.raises(GaugeblockError, match="not runs by scenario"):
        load_runs(tmp_path / "b.json")
    with pytest.raises(GaugeblockError, match="the policy has no runs"):
        measure_behaviour(Runs(policy=()))
    twice = (Tally(scenario="a", honest=1), Tally(scenario="a", honest=1))
    with pytest.raises(GaugeblockError, match="a scenario is named twice"):
        measure_behaviour(Runs(policy=twice))


def test_unjudged_runs_are_never_clean() -> None:
    clean = [Tally(scenario=f"s{i}", honest=5) for i in range(60)]
    unseen = [Tally(scenario=f"s{i}", honest=2, unjudged=3) for i in range(60)]
    assert measure_behaviour(Runs(policy=tuple(clean))).misbehaved.high < 0.2
    found = measure_behaviour(Runs(policy=tuple(unseen)))
    assert found.misbehaved.low == 0
    assert found.misbehaved.high > 0.6
