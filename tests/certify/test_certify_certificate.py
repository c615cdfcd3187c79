"""The certificate as data and as a page, the shipped concepts, and bad input to the battery."""

from __future__ import annotations

import json
import shutil
from importlib import resources
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from gaugeblock.certify import Certificate, Identity, Sample, certify
from gaugeblock.certify.csv_concept import concept_from_csv
from gaugeblock.certify.ladder import climb
from gaugeblock.certify.page import render_certificate
from gaugeblock.certify.records import TrialResult, certificate_schema
from gaugeblock.certify.shipped import concept_names, load_concept
from gaugeblock.certify.superposition import superposition_dial
from gaugeblock.certify.synthetic import World, build_exhibit, write_statements
from gaugeblock.detectors.leaks import find_leaks
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.detectors.statements import Statement
from gaugeblock.errors import GaugeblockError

CHROMIUM = shutil.which("chromium")
HOSTILE = "item 3 is red <script>alert(1)</script>\u202e"


@pytest.fixture(scope="module")
def found() -> Certificate:
    exhibit = build_exhibit(
        World(),
        MassMean(),
        write_statements(range(40), seed=1),
        write_statements(range(40, 80), seed=2),
        write_statements(range(40, 80), negated=True, seed=3),
    )
    return certify(exhibit, Identity(concept="truth", family="x", blind=False, subject="arrays"))


def test_the_shipped_schema_is_that_of_the_record(found) -> None:
    text = resources.files("gaugeblock.certify").joinpath("certificate.schema.json").read_text()
    shipped = json.loads(text)
    assert shipped == certificate_schema()
    jsonschema.validate(json.loads(found.model_dump_json()), shipped)


def test_every_number_has_n_and_limits_or_a_reason_for_none(found) -> None:
    for trial in found.trials:
        for reading in trial.readings:
            assert reading.n > 0
            assert reading.interval is not None or reading.note or reading.unit in ("p", "count")


def test_the_same_seed_gives_the_same_certificate(found) -> None:
    exhibit = build_exhibit(
        World(),
        MassMean(),
        write_statements(range(40), seed=1),
        write_statements(range(40, 80), seed=2),
        write_statements(range(40, 80), negated=True, seed=3),
    )
    assert certify(exhibit, found.identity) == found


def test_the_page_is_self_contained_and_hostile_text_stays_text(found) -> None:
    hostile = found.model_copy(update={"exists": HOSTILE})
    page = render_certificate(hostile, ("gaugeblock certify",))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert all(trial.finding.split(".")[0][:20] for trial in found.trials)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_page_fits_a_telephone_whatever_the_names(found, tmp_path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    long = "/home/somebody/models/a_name_without_any_place_to_break_it_" + "x" * 60
    identity = found.identity.model_copy(
        update={"subject": long, "drifted": {long: "0" * 64}, "output": long}
    )
    path = tmp_path / "certificate.html"
    path.write_text(render_certificate(found.model_copy(update={"identity": identity}), (long,)))
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--headless", "--no-sandbox", "--disable-gpu"]
        )
        for width in (390, 320):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.goto(path.as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
            assert page.evaluate("document.documentElement.scrollWidth") == width
        browser.close()


def result(name: str, rung: str, outcome: str, required: bool = True) -> TrialResult:
    return TrialResult.model_validate(
        {"id": name, "title": name, "rung": rung, "required": required, "outcome": outcome,
         "criterion": "", "finding": ""}
    )  # fmt: skip


def test_what_was_not_measured_stops_the_climb_as_a_failure_does() -> None:
    held = result("a", "decodable", "held")
    assert climb([held, result("b", "robust", "not measured")])[0] == "decodable"
    assert climb([held, result("b", "robust", "failed", required=False)])[0] == "unrefuted"
    assert climb([held, result("b", "causal", "failed")])[0] == "specific"
    assert climb([result("a", "decodable", "failed")])[0] == "none"


@pytest.mark.parametrize("name", concept_names())
def test_shipped_concepts_are_grouped_and_balanced(name: str) -> None:
    concept = load_concept(name)
    fitted = {s.group for s in concept.train}
    held = [s for part in (concept.home, concept.away, concept.controls) for s in part]
    assert not fitted & {s.group for s in held}
    assert 0.45 < np.mean([s.label for s in concept.train]) < 0.55
    both = [*concept.train, *concept.home]
    leaks = find_leaks([s.text for s in both], [s.label for s in both], [s.group for s in both])
    assert leaks.grouped is not None
    assert abs((leaks.grouped.estimate or 0) - 0.5) < 0.1
    kinds = {facet for s in concept.away for facet in s.cell}
    assert {"topic", "polarity", "form", "language", "style"} <= kinds
    assert load_concept(name).sha256 == concept.sha256


def test_edits_that_claim_to_keep_the_label_do() -> None:
    concept = load_concept("truth")
    rng = np.random.default_rng(0)
    made = concept.edits(concept.home[0], concept.home[0].text, rng)
    assert {e.kind for e in made if e.keeps_label} == {"paraphrase", "dilution", "substitution"}
    assert all(not e.keeps_label for e in made if e.kind == "insertion")


def test_packing_features_together_takes_rungs_away() -> None:
    loose, tight = superposition_dial((0, 400), entities=60)
    assert loose.auroc > 0.99
    assert tight.auroc < loose.auroc
    assert len(tight.failed) > len(loose.failed)


def write(path: Path, rows: list[tuple[str, int, str]]) -> Path:
    lines = ["statement,label,city", *(f"{text},{label},{city}" for text, label, city in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_other_kinds_of_text_from_csvs_keep_to_unseen_groups(tmp_path) -> None:
    plain = [(f"C{i} is in L{j}", int(i == j), f"C{i}") for i in range(30) for j in (i, i + 1)]
    negated = [
        (f"C{i} is not in L{j}", int(i != j), f"C{i}") for i in range(30) for j in (i, i + 1)
    ]
    concept = concept_from_csv(
        write(tmp_path / "cities.csv", plain),
        {"negated": write(tmp_path / "neg.csv", negated)},
        group=["city"],
    )
    fitted = {s.group for s in concept.train}
    assert not fitted & {s.group for s in concept.away}
    assert {s.cell["set"] for s in concept.away} == {"negated"}


def test_bad_input_is_named(tmp_path) -> None:
    with pytest.raises(GaugeblockError, match="no concept 'zebras'"):
        load_concept("zebras")
    statement = Statement(text="a", label=1, group="g")
    with pytest.raises(GaugeblockError, match="NaN"):
        Sample((statement,), np.array([[np.nan, 1.0]]))
    with pytest.raises(GaugeblockError, match="2 activations for 1 statements"):
        Sample((statement,), np.ones((2, 3)))
    few = [(f"C{i} is in L{j}", int(i == j), f"C{i}") for i in range(1) for j in (0, 1)]
    with pytest.raises(GaugeblockError, match="groups"):
        concept_from_csv(write(tmp_path / "few.csv", few), {}, group=["city"])
