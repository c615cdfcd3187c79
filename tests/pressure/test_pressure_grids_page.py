"""The page of a grid: every answer and number; nothing runs or is fetched; it fits a telephone."""

from __future__ import annotations

import re
import shutil

import pytest
from fake_cells import run_world
from typer.testing import CliRunner

from gaugeblock.cli.app import app
from gaugeblock.errors import GaugeblockError, VerificationError
from gaugeblock.pressure.cell_spec import CellSpec, GridSpec
from gaugeblock.pressure.grids.grid_file import Plan, shipped_plan
from gaugeblock.pressure.grids.jobs import jobs_of, perform
from gaugeblock.pressure.grids.page.page import PAGE, render_grid
from gaugeblock.pressure.grids.results import GRID, collect, write_grid
from gaugeblock.pressure.grids.schedule import PLAN
from gaugeblock.pressure.grids.summary import grid_lines, summary_of
from gaugeblock.pressure.kinds import Pressure

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    out = tmp_path_factory.mktemp("grid")
    cells = list(shipped_plan(quick=True).grid.cells)
    cells[0] = cells[0].model_copy(update={"question": HOSTILE})
    broken = Pressure(kind="none", through_gradient=False)
    plan = Plan(
        grid=GridSpec(
            id="pages",
            version=1,
            base_seeds=(0, 1),
            seeds=(0, 1, 2),
            cells=(*cells, CellSpec(name="breaks", pressure=broken)),
        ),
        questions=shipped_plan().questions,
    )
    (out / PLAN).write_text(plan.model_dump_json())
    for job in jobs_of(plan.grid, out):
        if (job.cell.name, job.seed) != ("split", 2):
            perform(job, run_world)
    write_grid(collect(out), out)
    return out


@pytest.fixture(scope="module")
def page(grid) -> str:
    return render_grid(collect(grid), ("gaugeblock pressure grid --quick",))


def test_it_shows_answers_cells_and_what_failed(grid, page) -> None:
    found = collect(grid)
    assert page == render_grid(found, ("gaugeblock pressure grid --quick",))
    assert len(found.answers) > 10
    for one in found.answers:
        assert one.because in page
    assert "11 runs ended with an audit, 3 failed, 1 not made" in page
    assert "the loss is not finite" in page
    assert page.count('class="figure-wide"') == 2 + 4
    assert "Changed" not in page
    recall = found.cell("penalty").tables[0].corners["rr"]
    assert f"{recall.median:.3g} ({recall.least:.3g} to {recall.most:.3g}, 3 seeds)" in page


def test_hostile_words_are_shown_and_run_nothing(page) -> None:
    assert "<script" not in page
    assert "\u202e" not in page
    assert "U+202E" in page
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", page)
    assert "default-src 'none'" in page


def test_the_summary_counts_what_the_page_counts(grid) -> None:
    found = collect(grid)
    said = summary_of(found)
    assert said["runs"] == {"finished": 11, "failed": 3, "missing": 1}
    assert said["cells"]["split"] == {"honest": [2, 3], "not run": [1, 3]}
    assert said["failed"]["breaks seed 0"].endswith("the loss is not finite")
    lines = grid_lines(found)
    assert lines[0] == "pages: 11 of 15 runs ended with an audit, 3 failed, 1 not made"
    assert any(line.startswith("penalty: 3 of 3 misbehaving, hidden [") for line in lines)


def run(*words: str):
    return CliRunner().invoke(app, ["pressure", "grid", *words])


def test_verify_recomputes_and_a_changed_number_is_an_error(grid, tmp_path) -> None:
    said = run("--verify", str(grid))
    assert said.exit_code == 0, said.output
    assert "verified" in said.output
    again = tmp_path / "again"
    shutil.copytree(grid, again)
    text = (again / GRID).read_text()
    (again / GRID).write_text(text.replace('"verdict": "yes"', '"verdict": "no"', 1))
    assert isinstance(run("--verify", str(again)).exception, VerificationError)


def test_what_does_not_go_together_is_refused(grid, tmp_path) -> None:
    for words in (
        [],
        ["--verify", str(grid), "--quick"],
        ["grid.yaml", "--quick", "--out", str(tmp_path / "x")],
        ["--questions", "q.yaml", "--out", str(tmp_path / "x")],
        ["--verify", str(tmp_path)],
    ):
        assert isinstance(run(*words).exception, GaugeblockError), words


def test_a_grid_of_another_directory_is_refused_by_the_verb(grid) -> None:
    said = run("--quick", "--out", str(grid))
    assert isinstance(said.exception, GaugeblockError)
    assert "this directory holds another grid: id was pages" in str(said.exception)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_it_fits_and_is_inert(page, tmp_path, width, scheme) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = tmp_path / PAGE
    path.write_text(page, encoding="utf-8")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        opened = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        asked, said = [], []
        opened.on("request", lambda request: asked.append(request.url))
        opened.on("console", lambda message: said.append(message.text))
        opened.goto(path.as_uri())
        opened.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.evaluate("document.scripts.length") == 0
        drawn = [f for f in opened.query_selector_all("figure") if f.is_visible()]
        assert len(drawn) == 2 + 4
        for figure in drawn:
            (svg,) = [s for s in figure.query_selector_all(":scope > svg") if s.is_visible()]
            assert svg.bounding_box()["height"] > 80
            assert figure.query_selector("table tbody tr")
        assert asked == [path.as_uri()]
        assert said == []
        browser.close()
