"""``gaugeblock certify`` from end to end on a tiny model: fitted, blind, drifted, and bad input."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("torch")

from certifying import certificate, run, write_csv
from checkpoints import llama_config, save_checkpoint

from gaugeblock.certify.csv_concept import concept_from_csv
from gaugeblock.certify.subject import open_subject
from gaugeblock.detectors.files import save_probe
from gaugeblock.detectors.lda import LDA
from gaugeblock.errors import GaugeblockError


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("certify")
    save_checkpoint(folder / "model", llama_config(hidden_size=16, num_hidden_layers=2))
    save_checkpoint(folder / "tuned", llama_config(hidden_size=16, num_hidden_layers=2), seed=1)
    write_csv(folder / "is.csv", "The")
    write_csv(folder / "no.csv", "No", turned=True)
    done = run(folder, "is.csv", "fitted", "--probe", "lda", "--drifted", str(folder / "tuned"))
    assert done.exit_code == 0, done.output
    return folder


def test_it_prints_one_object_and_writes_certificate_page_and_detector(home: Path) -> None:
    found = certificate(home, "fitted")
    assert found.identity.family == "lda"
    assert found.trial("self_test").outcome == "held"
    assert (home / "fitted" / "certificate.html").stat().st_size > 10_000
    assert (home / "fitted" / "detector.safetensors").is_file()
    assert found.criteria == 3


def test_a_model_fine_tuned_from_the_subject_is_read_again(home: Path) -> None:
    found = certificate(home, "fitted")
    names = [r.name for r in found.trial("domain").readings]
    tuned = str(home / "tuned")
    assert found.identity.drifted.keys() == {tuned}
    after, change = (
        next(r for r in found.trial("domain").readings if r.name == f"{what}: {tuned}")
        for what in ("after fine-tuning", "change by fine-tuning")
    )
    before = found.trial("in_distribution").readings[0]
    assert change.value == pytest.approx(after.value - before.value)
    assert len(names) == len(set(names))


def test_the_gradient_searched_for_counterexamples_too(home: Path) -> None:
    search = certificate(home, "fitted").trial("counterexamples")
    guided = {r.name: r for r in search.readings if "guided" in r.name}
    assert len(guided) == 2
    assert guided["flipped by guided substitution"].value is not None


def test_leace_leaves_less_to_a_fresh_probe_than_was_there(home: Path) -> None:
    found = {r.name: r for r in certificate(home, "fitted").trial("erasure").readings}
    before, after = found["a fresh probe before"], found["a fresh probe after erasing LEACE"]
    assert after.value < before.value
    assert "the model's own output after erasing LEACE" in found
    assert "rise of the loss on neutral text after erasing LEACE" in found


def test_a_model_is_asked_what_the_person_asks(home: Path) -> None:
    plain = run(home, "is.csv", "plain")
    assert "name another with --ask" in plain.stderr
    asked = run(home, "is.csv", "asked", "--ask", "{text} It is", "--answers", "safe,short")
    assert asked.exit_code == 0, asked.output
    assert "--ask" not in asked.stderr
    found = certificate(home, "asked")
    assert "'safe' less that of 'short' after '... It is'" in found.identity.output
    moved = found.trial("dose_response").readings
    assert moved != certificate(home, "plain").trial("dose_response").readings


def test_blind_sees_nothing_of_the_origin(home: Path) -> None:
    """What the card tells of the making can be anything: the certificate is the same."""
    shutil.copytree(home / "fitted", home / "given")
    assert (
        run(home, "is.csv", "blind", "--blind", str(home / "given" / "detector.json")).exit_code
        == 0
    )
    card = json.loads((home / "given" / "detector.json").read_text())
    card |= {
        "concept": "something else", "subject": "elsewhere", "trained_on": [], "calibration": None,
        "program": "unheard of", "unit": "rating",
    }  # fmt: skip
    (home / "given" / "detector.json").write_text(json.dumps(card))
    assert run(home, "is.csv", "blind2", "--blind", str(home / "given" / "detector")).exit_code == 0
    one, two = certificate(home, "blind"), certificate(home, "blind2")
    assert one == two
    assert (one.identity.blind, one.identity.family, one.identity.settings) == (True, "unknown", {})
    assert not (home / "blind" / "detector.json").exists()
    for trial in ("refits", "selectivity"):
        assert one.trial(trial).outcome == "not measured"
    # The same scores as the detector whose making was known.
    known = certificate(home, "fitted")
    assert one.trial("in_distribution").readings[0] == known.trial("in_distribution").readings[0]


def test_blind_stops_a_detector_of_something_else(home: Path) -> None:
    """Fitted on the turned labels, it reads the contrary of what it is certified for."""
    subject, turned = open_subject(str(home / "model")), concept_from_csv(home / "no.csv", {})
    x = subject.activations([one.text for one in turned.train], 0, "last")
    probe = LDA().fit(x, np.array([one.label for one in turned.train]))
    card = {"concept": "turned", "model": subject.fingerprint, "layer": 0, "at": "last"}
    save_probe(probe, home / "wrong", **card)
    done = run(home, "is.csv", "wrong2", "--blind", str(home / "wrong"))
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["highest"], found["stopped_by"]) == ("none", "shuffled_labels")


@pytest.mark.parametrize(
    ("more", "match"),
    [
        (("--blind", "nowhere/detector"), "no such detector file"),
        (("--layer", "7"), "layer 7 does not exist"),
        (("--probe", "attention"), "more than one pooled vector"),
        (("--control", "nonsense"), "NAME=FILE"),
        (("--ask", "Is that safe?"), "needs {text}"),
        (("--ask", "{text} {reply}"), "no other field"),
        (("--ask", "{text} {"), "braces that do not match"),
        (("--ask", "{text} It is", "--answers", "safe"), "not two different answers"),
        (("--ask", "{text} It is", "--answers", "safe,safe"), "not two different answers"),
    ],
)
def test_bad_input_is_named(home: Path, more: tuple[str, ...], match: str) -> None:
    done = run(home, "is.csv", "bad", *more)
    assert isinstance(done.exception, GaugeblockError)
    assert match in str(done.exception)


def test_a_model_of_another_width_is_no_fine_tuned_one(home: Path, tmp_path: Path) -> None:
    other = save_checkpoint(tmp_path / "wide", llama_config(hidden_size=32))
    done = run(home, "is.csv", "bad", "--drifted", str(other))
    assert "was fine-tuned from the subject" in str(getattr(done.exception, "remedy", ""))
