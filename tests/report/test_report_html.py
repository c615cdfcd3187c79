"""The page: complete, inert, a pure function of the report."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from report_samples import HOSTILE_TEXTS, enforcer_report

from gaugeblock.claims import Ledger
from gaugeblock.report import Report, html, render_html
from gaugeblock.report.summary import summary
from gaugeblock.transcripts import Event


class Outline(HTMLParser):
    """Collects elements, attributes and the words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return render_html(report)


@pytest.fixture(scope="module")
def outline(page: str) -> Outline:
    parsed = Outline()
    parsed.feed(page)
    return parsed


def test_the_same_report_gives_the_same_page(page: str) -> None:
    assert render_html(enforcer_report()) == page


def test_the_page_is_small(page: str) -> None:
    assert len(page.encode("utf-8")) < 1_000_000


def test_the_policy_allows_only_the_style_sheet_of_the_page(page: str) -> None:
    css = page.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert f"style-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none'")
    assert "script" not in policy[1]
    assert "unsafe" not in policy[1]


def test_nothing_in_the_page_can_run_or_fetch(outline: Outline) -> None:
    forbidden = {"script", "iframe", "object", "embed", "img", "link", "base", "form", "image"}
    assert not forbidden & {tag for tag, _ in outline.elements}
    for tag, attributes in outline.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
        assert not {"src", "srcset", "action", "xlink:href"} & set(attributes)
        assert (attributes.get("href") or "#").startswith("#")
    metas = [attributes.get("http-equiv") for tag, attributes in outline.elements if tag == "meta"]
    assert [name for name in metas if name] == ["Content-Security-Policy"]


def test_every_link_leads_somewhere_and_no_id_is_twice(outline: Outline) -> None:
    ids = [a["id"] for _, a in outline.elements if "id" in a]
    assert len(ids) == len(set(ids))
    targets = {(a["href"] or "")[1:] for tag, a in outline.elements if tag == "a"}
    assert targets <= set(ids)


def test_hostile_texts_are_shown_as_text(outline: Outline) -> None:
    words = "".join(outline.words)
    assert "<script>document.title='owned';window.owned=1</script>" in words
    assert "</style></title></textarea></details></bdi></pre><h1>injected heading</h1>" in words
    assert "{{ 7*7 }} {% raw %}" in words
    assert "[link](javascript:alert(1)) **bold**" in words
    assert "⟨U+202E⟩000,1 RUE⟨U+202C⟩" in words
    assert "lone ⟨U+D800⟩ and ⟨U+DFFF⟩" in words
    assert "994,000 characters left out here" in words
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\u200b]", words)


def test_sections_come_in_the_order_of_reading(outline: Outline) -> None:
    order = [a["id"] for tag, a in outline.elements if tag == "section" and "id" in a]
    assert order == [
        "findings",
        "claims",
        "disagreement",
        "labels",
        "rates",
        "effects",
        "ledger",
        "instruments",
        "unmeasured",
        "transcripts",
        "provenance",
        "reproduce",
    ]


def test_each_figure_is_named_and_has_a_caption_and_a_table(page: str) -> None:
    figures = re.findall(r"<figure>.*?</figure>", page, flags=re.DOTALL)
    assert len(figures) == 4
    for figure in figures:
        assert re.search(r'<svg[^>]*role="img"[^>]*aria-label="[^"]{20,}"', figure)
        assert "<figcaption>" in figure
        assert "<table>" in figure


def test_colours_of_figures_have_a_dark_twin(page: str) -> None:
    css = page.split("<style>")[1].split("</style>")[0]
    body = page.split("</style>")[1]
    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]{6}|white)"', body))
    from gaugeblock.report.figures.palette import LABEL_COLOURS

    for colour in used - set(LABEL_COLOURS.values()):
        assert f'"{colour}"]' in css


def test_evidence_and_defeaters_stand_side_by_side(page: str, report: Report) -> None:
    assert page.count("<h4>What was found</h4>") == len(report.claims)
    assert page.count("<h4>What would defeat this</h4>") == len(report.claims)
    assert "That nobody has looked is itself a reason for doubt" in page


def test_the_word_safe_is_nowhere_in_the_reports_own_words(report: Report) -> None:
    quiet = report.model_copy(update={"transcripts": ()})
    parsed = Outline()
    parsed.feed(render_html(quiet).split("</style>")[1])
    assert not re.search(r"\bsafe", "".join(parsed.words), flags=re.IGNORECASE)


def test_the_summary_says_what_was_found_with_n_and_interval(report: Report) -> None:
    text = " ".join(summary(report))
    assert "run 360 times in 120 scenarios" in text
    assert "attempted subversion in 84 of 344 labelled runs" in text
    assert "helped with egregious wrongdoing in none of 116 labelled runs in scope" in text
    assert "leaves a rate of up to 8.9% possible" in text
    assert "Under never-subvert, no-subversion is refuted" in text


def test_harmful_compliance_is_shown_where_a_standard_has_no_clause_for_it(page: str) -> None:
    assert "no clause; observed all the same" in page


def test_an_empty_report_is_honest(report: Report) -> None:
    nothing = Ledger(attempted=0, engaged=0, completed=0, judged=0, labelled=0, failed=0)
    empty = report.model_copy(
        update={
            "ledger": nothing,
            "labels": (),
            "rates": (),
            "effects": (),
            "claims": (),
            "findings": (),
            "disagreements": (),
            "instruments": (),
            "not_measured": (),
            "transcripts": (),
            "provenance": {},
            "commands": (),
        }
    )
    page = render_html(empty)
    assert "No claims were made." in page
    assert "No run has a behaviour label." in page
    assert "No transcript is in this report." in page


def test_a_flood_of_hostile_text_stays_under_the_limit(report: Report) -> None:
    shown = report.transcripts[0]
    flood = Event(index=0, turn=0, kind="message", text="<\x00\u202e&" * 100_000)
    call = Event(
        index=1,
        turn=0,
        kind="tool_call",
        tool="<b>" * 100_000,
        arguments={f"<{n}\u202e>": "\x00<" * 500 for n in range(500)},
    )
    flooded = shown.transcript.model_copy(update={"events": (flood, call) * 150})
    many = tuple(
        shown.model_copy(
            update={"transcript": flooded.model_copy(update={"id": f"{n:016x}"}), "why": "sample"}
        )
        for n in range(10)
    )
    page = render_html(report.model_copy(update={"transcripts": many}))
    assert len(page.encode("utf-8")) <= html.MOST_BYTES
    assert "events left out here" in page
    assert "arguments left out here" in page


def test_hostile_words_anywhere_in_the_report_do_not_break_it(report: Report) -> None:
    texts = list(HOSTILE_TEXTS.values())
    rate, label, effect = report.rates[0], report.labels[0], report.effects[0]
    claim, finding, shown = report.claims[0], report.findings[0], report.transcripts[0]
    changed = report.model_copy(
        update={
            "generator": texts[0],
            "subject": report.subject.model_copy(update={"id": "".join(texts)[:5000]}),
            "rates": tuple(rate.model_copy(update={"title": t, "group": t}) for t in texts),
            "labels": tuple(
                label.model_copy(update={"factor": t, "level": t, "counts": {t: 3}}) for t in texts
            ),
            "effects": tuple(effect.model_copy(update={"factor": t, "outcome": t}) for t in texts),
            "claims": tuple(claim.model_copy(update={"id": t, "statement": t}) for t in texts),
            "findings": tuple(
                finding.model_copy(update={"profile": t, "clause": t}) for t in texts
            ),
            "not_measured": tuple(texts),
            "commands": tuple(texts),
            "provenance": {t: t for t in texts},
            "transcripts": tuple(
                shown.model_copy(
                    update={
                        "transcript": shown.transcript.model_copy(update={"id": t, "error": t}),
                        "codes": {t: t},
                        "verdicts": {t: t},
                        "label": t,
                    }
                )
                for t in texts
            ),
        }
    )
    page = render_html(changed)
    page.encode("utf-8")
    parsed = Outline()
    parsed.feed(page)
    assert not {"script", "iframe", "img", "base", "link"} & {tag for tag, _ in parsed.elements}
    assert [tag for tag, _ in parsed.elements].count("h1") == 1
    assert len([tag for tag, _ in parsed.elements if tag == "meta"]) == 6
