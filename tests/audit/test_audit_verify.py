"""Every number is recomputed, and any change is named."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gaugeblock.audit.verify import first_difference, verify
from gaugeblock.errors import GaugeblockError, VerificationError
from gaugeblock.report import read_report, render_html


def test_a_fresh_run_verifies(finished: Path) -> None:
    report = verify(finished)
    assert report.ledger.attempted == 24
    assert report.provenance


def test_one_digit_of_the_report_is_named(copy: Path) -> None:
    path = copy / "report.json"
    value = json.loads(path.read_text())
    value["findings"][0]["k"] += 1
    path.write_text(json.dumps(value))
    with pytest.raises(VerificationError, match=re.escape("'findings[0].k' is recorded as")):
        verify(copy)


def test_every_digit_of_a_claim_is_recomputed(copy: Path) -> None:
    path = copy / "report.json"
    text = path.read_text()
    start = text.index('"claims"')

    def next_digit(found: re.Match[str]) -> str:
        return found.group()[:-1] + str((int(found.group()[-1]) + 1) % 10)

    changed = re.sub(r'"high": 0\.\d', next_digit, text[start:], count=1)
    assert changed != text[start:]
    path.write_text(text[:start] + changed)
    with pytest.raises(VerificationError, match=r"claims\[0\]"):
        verify(copy)


def test_one_byte_of_a_log_is_named(copy: Path) -> None:
    (log,) = (copy / "logs").glob("*.eval")
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(bytes(data))
    with pytest.raises(VerificationError, match="the file has changed since the report was made"):
        verify(copy)


def test_a_changed_page_is_named(copy: Path) -> None:
    page = copy / "report.html"
    page.write_text(page.read_text().replace("refuted", "supported"))
    with pytest.raises(VerificationError, match=r"the page is not what report\.json gives"):
        verify(copy)


def test_a_log_that_is_gone_is_named(copy: Path) -> None:
    (log,) = (copy / "logs").glob("*.eval")
    log.unlink()
    with pytest.raises(VerificationError, match="the file is gone"):
        verify(copy)


def test_a_newer_report_is_refused(copy: Path) -> None:
    path = copy / "report.json"
    value = json.loads(path.read_text())
    path.write_text(json.dumps({**value, "version": 99}))
    with pytest.raises(GaugeblockError, match="newer"):
        verify(copy)


def test_the_page_is_a_pure_function_of_the_report(finished: Path) -> None:
    report = read_report(finished)
    assert render_html(report) == render_html(report)
    assert render_html(report) == (finished / "report.html").read_text()


def test_differences_are_found_wherever_they_are() -> None:
    assert first_difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}) is None
    assert first_difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}) == ("a[1].b", 2, 3)
    assert first_difference({"a": [1]}, {"a": [1, 2]}) == ("a (length)", 1, 2)
    assert first_difference({"a": 1}, {"a": 1.0}) == ("a", 1, 1.0)
    assert first_difference({"a": 1}, {"a": 1, "b": 2}) == ("b", None, 2)
