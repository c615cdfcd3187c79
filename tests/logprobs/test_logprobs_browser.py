"""The card's page in a real browser: nothing is fetched, run or refused, and it fits."""

import shutil

import numpy as np
import pytest

from gaugeblock.logprobs.page import write_page
from gaugeblock.logprobs.probe import make_card
from gaugeblock.logprobs.rows import Recording
from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.simulate.population import draw_rows
from gaugeblock.logprobs.spec import ChannelSpec

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


def test_the_card_opens_with_its_pictures_and_without_a_complaint(tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    channel = Channel(ChannelSpec(family="bf16", modes=3), seed=1)
    rows = draw_rows(np.random.default_rng(3), channel, 30, 500)
    recording = Recording(rows)
    write_page(tmp_path / "card.html", make_card(recording, "<b>name</b>"), recording)
    requests, messages = [], []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: messages.append(message.text))
        page.goto((tmp_path / "card.html").as_uri())
        drawn = page.evaluate("[...document.images].map(i => i.complete && i.naturalWidth > 0)")
        width = page.evaluate("document.documentElement.scrollWidth")
        words = page.evaluate("document.body.innerText")
        browser.close()
    assert drawn == [True] * 4
    assert width == 390
    assert messages == []
    assert all(url.startswith(("file:", "data:")) for url in requests)
    assert "<b>name</b>" in words
