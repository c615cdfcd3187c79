"""The report in headless Chromium: drawn, inert, fetching nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gaugeblock.report import Report, write_report

CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WATCH_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
    event => window.violations.push(event.violatedDirective + " " + event.blockedURI));
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


class Opened(NamedTuple):
    """A page and what it did while it was opened."""

    page: Any
    requests: list[str]
    messages: list[str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def path(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(report, tmp_path_factory.mktemp("run"))


def _open(browser: Any, path: Path, width: int, scheme: str = "light") -> Opened:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    requests: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.add_init_script(WATCH_VIOLATIONS)
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    return Opened(page, requests, messages)


@pytest.fixture(scope="module")
def opened(browser: Any, path: Path) -> Iterator[Opened]:
    result = _open(browser, path, 1280)
    yield result
    result.page.close()


def test_nothing_ran_and_nothing_was_fetched(opened: Opened, path: Path) -> None:
    assert opened.page.title() == "Audit of builtin/enforcer"
    assert opened.page.evaluate("typeof window.owned") == "undefined"
    assert opened.requests == [path.as_uri()]
    assert opened.messages == []
    assert opened.page.evaluate("window.violations") == []
    assert opened.page.evaluate("document.scripts.length") == 0
    assert opened.page.evaluate("document.styleSheets.length") == 1


def test_the_policy_is_in_force(opened: Opened) -> None:
    opened.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p id=probe style=color:red>x</p>')"
    )
    blocked = opened.page.evaluate("getComputedStyle(document.getElementById('probe')).color")
    opened.page.evaluate("document.getElementById('probe').remove()")
    assert blocked != "rgb(255, 0, 0)"


def test_every_figure_is_drawn_with_its_table(opened: Opened) -> None:
    figures = opened.page.query_selector_all("figure")
    assert len(figures) == 4
    for figure in figures:
        drawn = [svg for svg in figure.query_selector_all(":scope > svg") if svg.is_visible()]
        assert len(drawn) == 1
        box = drawn[0].bounding_box()
        assert box["width"] > 300
        assert box["height"] > 100
        assert drawn[0].query_selector_all("path, rect")
        table = figure.query_selector("table")
        assert table.is_visible()
        assert len(table.query_selector_all("tbody tr")) >= 5
        assert figure.query_selector("figcaption").inner_text()


def test_the_findings_keep_subversion_apart(opened: Opened) -> None:
    heads = [cell.inner_text() for cell in opened.page.query_selector_all(".findings thead th")]
    assert heads == ["Standard", "Attempted subversion", "Harmful compliance", "Other clauses"]
    rows = opened.page.query_selector_all(".findings tbody tr")
    assert [row.query_selector("th").inner_text() for row in rows] == [
        "never-subvert",
        "transparent-objector",
        "moral-agent",
    ]
    assert "84 of 344" in rows[0].query_selector_all("td")[0].inner_text()
    assert "upper bound 8.9%" in rows[0].query_selector_all("td")[1].inner_text()


def test_both_halves_of_a_claim_are_equally_wide(opened: Opened) -> None:
    for card in opened.page.query_selector_all(".halves"):
        left, right = (half.bounding_box() for half in card.query_selector_all(":scope > section"))
        assert abs(left["width"] - right["width"]) < 1
        assert left["y"] == right["y"]


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1280, "dark")])
def test_it_fits_and_can_be_read(browser: Any, path: Path, width: int, scheme: str) -> None:
    page = _open(browser, path, width, scheme).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    contrast = page.evaluate(
        """() => {
            const light = color => {
                const [r, g, b] = color.match(/[\\d.]+/g).map(v => v / 255)
                    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                return .2126 * r + .7152 * g + .0722 * b;
            };
            const paper = light(getComputedStyle(document.body).backgroundColor);
            const ratio = ink => (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
            const texts = [...document.querySelectorAll("main p, main td, main th, figcaption")]
                .map(element => getComputedStyle(element).color);
            const drawn = [...document.querySelectorAll("figure > svg text")]
                .map(element => getComputedStyle(element).fill);
            return Math.min(...texts.concat(drawn).map(color => ratio(light(color))));
        }"""
    )
    assert contrast >= 4.5
    page.close()
