"""A cell, a seed, a directory: whole runs of a world made very small."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from honeypot_small import cell, shrink

from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.cell_spec import CellSpec
from gaugeblock.pressure.honeypot.base import make_base
from gaugeblock.pressure.kinds import Mitigation, PressureKind, Refresh
from gaugeblock.pressure.loop import run as running
from gaugeblock.pressure.loop.pressing import Pressing
from gaugeblock.pressure.loop.record import RUN, cell_digest, load_seed_run
from gaugeblock.pressure.loop.run import FINAL, run_cell
from gaugeblock.pressure.result import RESULT, load_audit

GRADIENT = {"kind": "differentiable-penalty", "through_gradient": True}
SPLIT = Mitigation(kind="split", layer=1, trunk="frozen")


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bases")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    shrink(monkeypatch)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, bases: Path) -> Path:
    """A run without a pressure."""
    out = tmp_path_factory.mktemp("plain")
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        run_cell(cell(), 0, 0, out, bases)
    return out


@pytest.fixture(scope="module")
def penalised(tmp_path_factory: pytest.TempPathFactory, bases: Path) -> Path:
    """A run under the plain penalty."""
    out = tmp_path_factory.mktemp("penalised")
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        run_cell(cell(pressure=GRADIENT), 0, 0, out, bases)
    return out


def done(one: CellSpec, out: Path, bases: Path, seed: int = 0):
    found = run_cell(one, 0, seed, out, bases)
    assert load_seed_run(out / RUN) == found
    audit = load_audit(out / RESULT)
    assert audit.measured.run == found.run
    assert not list(out.glob(".*"))
    return found, audit


def test_the_same_seeds_give_the_same_files_and_others_others(tmp_path: Path, bases: Path) -> None:
    one = cell(pressure={"kind": "live-reward"})
    first, _ = done(one, tmp_path / "a", bases)
    again, _ = done(one, tmp_path / "b", bases)
    other, _ = done(one, tmp_path / "c", bases, seed=1)
    assert first.compared() == again.compared()
    assert (tmp_path / "a" / RESULT).read_bytes() == (tmp_path / "b" / RESULT).read_bytes()
    weights = [(tmp_path / x / FINAL / "model.safetensors").read_bytes() for x in "abc"]
    assert weights[0] == weights[1] != weights[2]
    assert other.curves != first.curves
    assert first.digest == cell_digest(one.model_copy(update={"question": "why?"}))
    assert first.digest != cell_digest(one.model_copy(update={"steps": 4}))


@pytest.mark.parametrize("kind", [kind for kind in PressureKind if kind != "none"])
def test_every_pressure_runs_and_moves_the_model_its_own_way(
    kind: PressureKind, tmp_path: Path, bases: Path, plain: Path
) -> None:
    none = load_seed_run(plain / RUN)
    said = {"kind": kind, "through_gradient": kind == "differentiable-penalty", "weight": 2.0}
    if kind == "retry-selection":
        said["retries"] = 2
    reads = "text" if kind == "cot-monitor-reward" else "belief"
    found, audit = done(cell(pressure=said, reads=reads), tmp_path / "it", bases)
    assert found.run.pressure.kind is kind
    assert len(found.held_out) >= 3
    assert set(found.curves[0].held_out) == set(found.held_out)
    assert found.curves[0].reward == none.curves[0].reward
    if kind == "retry-selection":
        assert len(found.tried) == 2
        assert found.tried[0] == (none.curves[-1].flagged, none.curves[-1].reward)
        assert found.kept == min((0, 1), key=lambda i: (found.tried[i][0], -found.tried[i][1]))
    else:
        assert found.curves[-1].kl != none.curves[-1].kl
    assert audit.measured.trained.name == found.detector
    assert audit.measured.trained.at == (
        "the style words themselves" if reads == "text" else "mask:mean over the answer"
    )


def test_on_fixed_text_a_split_with_a_frozen_trunk_reads_as_before(
    tmp_path: Path, bases: Path
) -> None:
    one = cell(pressure={"kind": "live-reward"}, mitigations=(SPLIT,), learning_rate=0.01)
    found, audit = done(one, tmp_path / "a", bases)
    corners = audit.measured.trained.auroc.corners
    assert corners["rr"] == corners["rp"]
    assert audit.measured.drift.activation_shift.high == 0
    assert found.curves[-1].kl > 0
    before, after = (load_weights(x) for x in (make_base(bases, one, 0), tmp_path / "a" / FINAL))
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all("layers.2." in n or n in ("model.norm.weight", "lm_head.weight") for n in moved)


@pytest.mark.parametrize("trunk", ["predictive-off-policy", "predictive-on-policy"])
def test_a_predictive_trunk_learns_and_reward_still_stays_above_it(
    trunk: str, tmp_path: Path, bases: Path
) -> None:
    split = Mitigation(kind="split", layer=1, trunk=trunk)
    _, audit = done(cell(pressure=GRADIENT, mitigations=(split,)), tmp_path / "a", bases)
    assert audit.measured.drift.activation_shift.low > 0


@pytest.mark.parametrize(
    ("pressure", "more"),
    [
        (GRADIENT | {"refresh": Refresh(every=1, on="forced-pairs", start="anew")}, {}),
        (GRADIENT | {"refresh": Refresh(every=1, on="forced-pairs", start="warm")}, {}),
        (GRADIENT, {"mitigations": (Mitigation(kind="anchor", weight=1.0),)}),
        (GRADIENT, {"mitigations": (Mitigation(kind="rotated", detectors=3),)}),
        (GRADIENT, {"mitigations": (Mitigation(kind="ensemble", detectors=3),)}),
        (GRADIENT | {"control": "random-labels"}, {}),
    ],
    ids=["refresh anew", "refresh warm", "anchor", "rotated", "ensemble", "random"],
)
def test_each_sub_axis_changes_what_becomes_of_the_model(
    pressure: dict, more: dict, tmp_path: Path, bases: Path, penalised: Path
) -> None:
    found, audit = done(cell(pressure=pressure, **more), tmp_path, bases)
    weights = [load_weights(x / FINAL)["lm_head.weight"] for x in (penalised, tmp_path)]
    assert not torch.equal(*weights)
    assert found.curves[0].held_out == load_seed_run(penalised / RUN).curves[0].held_out
    if "control" in pressure:
        # What is audited is the detector of right labels, at the threshold it has everywhere.
        same = load_audit(penalised / RESULT).measured.trained
        assert audit.measured.trained.threshold == same.threshold
        assert "right labels" in found.run.note


def test_own_flags_are_asked_for_on_what_the_pressure_sees(
    tmp_path: Path, bases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    monkeypatch.setattr(Pressing, "refit_on_own_flags", lambda self, read: shown.append(read))
    refresh = Refresh(every=2, on="own-flags")
    done(cell(pressure=GRADIENT | {"refresh": refresh}, steps=6), tmp_path, bases)
    assert len(shown) == 2  # after 2 and 4 steps; after the last there is nothing to train
    assert {one.shape for one in shown} == {(64, 16)}


def test_more_detectors_are_held_out_on_request(tmp_path: Path, bases: Path) -> None:
    held = Mitigation(kind="held-out", detectors=5)
    found, audit = done(cell(mitigations=(held,)), tmp_path, bases)
    assert len(set(found.held_out)) == 5
    files = [d.name for d in audit.measured.held_out if d.origin == "file"]
    assert tuple(files) == found.held_out


@pytest.mark.parametrize("anchored", [False, True])
def test_the_task_that_needs_the_feature_pays_for_it(
    anchored: bool, tmp_path: Path, bases: Path
) -> None:
    anchor = (Mitigation(kind="anchor", weight=1.0),) if anchored else ()
    found, _ = done(cell(task="useful-feature", mitigations=anchor), tmp_path, bases)
    assert make_base(bases, cell(task="useful-feature"), 0) != make_base(bases, cell(), 0)
    assert len(found.curves) == 2


def test_a_style_detector_reads_style_and_is_not_among_the_held_out(
    tmp_path: Path, bases: Path
) -> None:
    one = cell(pressure={"kind": "live-reward"}, reads="style")
    found, audit = done(one, tmp_path, bases)
    assert audit.measured.trained.at == "mask:mean over the style words"
    assert audit.measured.trained.layer == 0
    assert found.detector not in found.held_out


def test_a_loss_that_is_not_finite_names_cell_and_step_and_leaves_nothing_done(
    tmp_path: Path, bases: Path
) -> None:
    one = cell(name="too-fast", learning_rate=1e30, steps=20)
    with pytest.raises(GaugeblockError, match="not finite") as caught:
        run_cell(one, 0, 0, tmp_path / "a", bases)
    assert "cell too-fast, step " in caught.value.where
    assert "learning rate (1e+30)" in caught.value.remedy
    assert not list((tmp_path / "a").iterdir())


def test_a_split_outside_the_model_is_refused_before_any_training(
    tmp_path: Path, bases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "train", lambda *a, **k: pytest.fail("it was trained"))
    for layer in (2, 7):
        split = Mitigation(kind="split", layer=layer, trunk="frozen")
        with pytest.raises(GaugeblockError, match=f"split at layer {layer}") as caught:
            run_cell(cell(mitigations=(split,)), 0, 0, tmp_path, bases)
        assert caught.value.where == "cell a-cell"


def test_a_run_that_is_done_again_is_not_done_until_it_is(
    tmp_path: Path, bases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(cell(), tmp_path, bases)

    def breaks(*args, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "examine", breaks)
    with pytest.raises(KeyboardInterrupt):
        run_cell(cell(), 0, 0, tmp_path, bases)
    assert not (tmp_path / RESULT).exists()


def test_a_record_whose_cell_was_changed_is_refused(tmp_path: Path, bases: Path) -> None:
    done(cell(), tmp_path, bases)
    told = json.loads((tmp_path / RUN).read_text())
    told["cell"]["steps"] = 99
    (tmp_path / RUN).write_text(json.dumps(told))
    with pytest.raises(GaugeblockError, match="digest"):
        load_seed_run(tmp_path / RUN)


def load_weights(folder: Path) -> dict:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def test_the_checkpoints_alone_can_be_audited(tmp_path: Path, bases: Path) -> None:
    from gaugeblock.models.loading import load_files
    from gaugeblock.pressure.honeypot.as_pairs import PAIRS
    from gaugeblock.pressure.pairs import load_pairs
    from gaugeblock.pressure.result import audit_checkpoints

    done(cell(), tmp_path, bases)
    base = make_base(bases, cell(), 0)
    audit = audit_checkpoints(
        load_files(base), load_files(tmp_path / FINAL), load_pairs(base / PAIRS)[:40], write=3
    )
    counts = audit.measured.behaviour.counts
    assert sum(counts.values()) == 40
    assert audit.measured.self_report is not None


def test_a_reference_is_made_once_and_two_may_make_it_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gaugeblock.pressure.honeypot import base

    made = []

    def another_was_first(size, seed, *, keyed):
        model = pretrain(size, seed, keyed=keyed, steps=1)
        made.append(model)
        if len(made) == 1:
            make_base(tmp_path, cell(), 0)
        return model

    pretrain = base.pretrain
    monkeypatch.setattr(base, "pretrain", another_was_first)
    folder = make_base(tmp_path, cell(), 0)
    assert len(made) == 2
    assert make_base(tmp_path, cell(), 0) == folder
    assert len(made) == 2
    assert [one.name for one in tmp_path.iterdir()] == [folder.name]
