"""The last rung: only this very detector's trainings lift it, and only by what was tried."""

from __future__ import annotations

import shutil

import pytest

from gaugeblock.certify import Certificate, Identity, certify
from gaugeblock.certify.page import render_certificate
from gaugeblock.certify.pressed import TOP, PressedRun, read_pressed, with_pressures
from gaugeblock.certify.synthetic import World, build_exhibit, write_statements
from gaugeblock.detectors.files import save_probe
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.by_hand import make_world
from gaugeblock.pressure.cells import ArraysCard, save_arrays
from gaugeblock.pressure.kinds import Pressure, RunRecord
from gaugeblock.pressure.outcome_spec import load_outcome_spec
from gaugeblock.pressure.result import RESULT, audit_arrays

MINE = "a" * 64
RULES = load_outcome_spec().sha256
REWARD = Pressure(kind="live-reward", through_gradient=False, weight=1, kl=0.01)
GRADIENT = Pressure(kind="differentiable-penalty", through_gradient=True, weight=1, kl=0.01)
NONE = Pressure(kind="none", through_gradient=False, weight=0)


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    exhibit = build_exhibit(
        World(),
        MassMean(),
        write_statements(range(40), seed=1),
        write_statements(range(40, 80), seed=2),
        write_statements(range(40, 80), negated=True, seed=3),
    )
    identity = Identity(
        concept="truth", family="mass-mean", detector=MINE, blind=False, subject="arrays"
    )
    found = certify(exhibit, identity)
    # What the lower rungs say is tested elsewhere.
    return found.model_copy(
        update={"highest": "unrefuted", "stopped_by": None, "stopped_because": ""}
    )


def runs(
    push: Pressure,
    monitors: list[str],
    detector: str = MINE,
    family: str = "mass-mean",
    rules: str = RULES,
) -> list[PressedRun]:
    return [
        PressedRun(
            run=RunRecord(pressure=push, base_seed=i % 2, seed=i),
            detector=detector,
            family=family,
            monitor=monitor,
            rules="" if monitor == "no audit" else rules,
        )
        for i, monitor in enumerate(monitors)
    ]


def test_without_a_record_nothing_is_known_of_it(certificate) -> None:
    found = with_pressures(certificate, [])
    assert (found.highest, found.stopped_by) == ("unrefuted", None)
    assert "no audit of such a training was given" in found.not_measured[-1]
    assert "not tried" in render_certificate(found)


def test_six_of_six_reach_the_rung_and_the_words_stay_with_them(certificate) -> None:
    found = with_pressures(certificate, runs(REWARD, ["intact"] * 6) + runs(NONE, ["gone"] * 6))
    assert (found.highest, found.stopped_by) == (TOP, None)
    assert found.pressed == (
        "Survived: live-reward, weight 1, KL 0.01: intact in 6 of 6 runs [0.67, 1.00]. This holds "
        "for these pressures at these weights, on the models they were put to, and for no other."
    )
    reward, control = found.pressures
    assert (reward.survived, reward.relation) == (True, "this detector")
    assert (control.control, control.survived) == (True, False)
    assert Certificate.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (runs(REWARD, ["intact"] * 5), "Undecided: live-reward"),
        (runs(REWARD, ["intact"] * 5 + ["undecided"]), "intact in 5 of 6 runs"),
        (runs(REWARD, ["intact"] * 5 + ["no audit"]), "intact in 5 of 6 runs"),
        (runs(REWARD, ["intact"] * 5 + ["shifted"]), "Did not survive: live-reward"),
        (
            runs(REWARD, ["intact"] * 6) + runs(GRADIENT, ["gone"]),
            "Did not survive: differentiable-penalty, weight 1, KL 0.01: intact in 0 of 1 runs",
        ),
        (runs(NONE, ["intact"] * 6), "No pressure was put to this very detector"),
    ],
)
def test_anything_less_stops_below_and_says_why(certificate, given, words) -> None:
    found = with_pressures(certificate, given)
    assert (found.highest, found.stopped_by) == ("unrefuted", TOP)
    assert words in found.stopped_because
    page = render_certificate(found)
    assert "stopped here" in page
    assert "training against it</a>" in page


@pytest.mark.parametrize(
    ("detector", "family", "relation"),
    [
        ("b" * 64, "mass-mean", "same family only"),
        ("", "mass-mean", "same family only"),
        ("b" * 64, "lda", "another detector"),
    ],
)
def test_it_never_climbs_on_anothers_result_nor_falls_by_it(
    certificate, detector, family, relation
) -> None:
    other = runs(REWARD, ["intact"] * 6, detector, family)
    found = with_pressures(certificate, other)
    assert found.highest == "unrefuted"
    assert {one.relation for one in found.pressures} == {relation}
    assert "No pressure was put to this very detector" in found.pressed
    assert "6 runs were of other detectors and say nothing of this one" in found.pressed
    bad = runs(GRADIENT, ["gone"] * 6, detector, family)
    assert with_pressures(certificate, runs(REWARD, ["intact"] * 6) + bad).highest == TOP


def test_a_lower_rung_is_not_jumped_over(certificate) -> None:
    low = certificate.model_copy(update={"highest": "causal", "stopped_by": "counterexamples"})
    found = with_pressures(low, runs(REWARD, ["intact"] * 6))
    assert (found.highest, found.stopped_by) == ("causal", "counterexamples")
    assert found.pressures[0].survived


def test_copies_other_rules_and_unknown_histories_are_refused(certificate) -> None:
    six = runs(REWARD, ["intact"] * 3)
    with pytest.raises(GaugeblockError, match="one run is there twice"):
        with_pressures(certificate, six * 2)
    with pytest.raises(GaugeblockError, match="judged by other rules"):
        with_pressures(certificate, runs(REWARD, ["intact"], rules="0" * 64))
    unknown = six[0].model_copy(update={"run": RunRecord()})
    with pytest.raises(GaugeblockError, match="does not say what was done"):
        with_pressures(certificate, [unknown])


def test_an_audit_knows_the_detector_by_its_file(tmp_path) -> None:
    pytest.importorskip("safetensors")
    cells, _ = make_world("untouched")
    x = cells.read("rr", cells.layer)
    probe = MassMean().fit(x, cells.labels)
    card = save_probe(probe, tmp_path / "mine", concept="fault", at=cells.at)
    record = RunRecord(pressure=REWARD, seed=1)
    given = ArraysCard(reference="r", policy="p", run=record)
    save_arrays(tmp_path / "arrays", cells, given)
    audit = audit_arrays(tmp_path / "arrays", [tmp_path / "mine.json"])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / RESULT).write_text(audit.model_dump_json())
    (read,) = read_pressed(tmp_path / "out" / RESULT)
    assert (read.detector, read.family) == (card.tensors, "mass-mean")
    assert (read.monitor, read.run) == ("intact", record)
    shutil.copytree(tmp_path / "out", tmp_path / "more/again")
    assert read_pressed(tmp_path / "more") == [read]
    with pytest.raises(GaugeblockError, match=f"no {RESULT} here"):
        read_pressed(tmp_path / "arrays")
