"""Hostile text: shown, never obeyed, always writable."""

from __future__ import annotations

import pytest
from report_samples import HOSTILE_TEXTS

from gaugeblock.report.visible import attribute, excerpt, visible, visible_text


@pytest.mark.parametrize("name", sorted(HOSTILE_TEXTS))
def test_what_comes_out_is_plain_printable_text(name: str) -> None:
    shown = visible_text(HOSTILE_TEXTS[name])
    shown.encode("utf-8")
    assert all(char.isprintable() or char in "\n\t" for char in shown)


def test_code_points_are_named() -> None:
    assert visible_text("a\u202eb\x00\ud800") == "a⟨U+202E⟩b⟨U+0000⟩⟨U+D800⟩"
    assert visible_text("tag\U000e0041") == "tag⟨U+E0041⟩"


def test_a_run_is_counted() -> None:
    assert visible_text("\x00" * 50_000) == "⟨U+0000⟩ ×50,000"
    assert visible_text("z" + "\u0301" * 400) == "z" + "\u0301" * 4 + "⟨396 more combining marks⟩"


def test_words_of_other_scripts_stay_as_they_are() -> None:
    for text in ("Übergröße", "これは", "שלום", "مرحبا", "e\u0301", "naïve café", "a\tb\nc"):
        assert visible_text(text) == text


def test_line_ends_become_line_feeds_and_a_lone_return_is_shown() -> None:
    assert visible_text("a\r\nb\rc") == "a\nb⟨U+000D⟩c"


def test_markup_is_escaped_and_named_points_are_set_apart() -> None:
    assert visible("<b>\x1b[31m") == '&lt;b&gt;<span class="unseen">⟨U+001B⟩</span>[31m'
    assert attribute('x" onclick="y\x00') == "x&#34; onclick=&#34;y⟨U+0000⟩"


def test_an_excerpt_says_what_it_leaves_out() -> None:
    cut = excerpt("w" * 1_000_000, 6000)
    assert (len(cut.head), cut.omitted, len(cut.tail)) == (4500, 994_000, 1500)
    assert excerpt("short", 6000) == ("short", 0, "")
