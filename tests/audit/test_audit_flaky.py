"""A flaky API: retried, then counted as failed; the worst case carries what is missing."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from flaky_server import Body, FlakyServer
from tenacity import wait_none

from gaugeblock.audit import execute
from gaugeblock.audit.run import make_plan, run_plan
from gaugeblock.audit.verify import verify
from gaugeblock.models.inspect_model import inspect_model
from gaugeblock.report import Report

SAMPLES = 30


def refuse(body: Body) -> Body:
    return {"content": "I will not do this."}


def run(server: FlakyServer, out: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    def patient(subject: str) -> object:
        model = inspect_model(subject, base_url=server.url, api_key="sk-very-secret", max_retries=0)
        model.api.retry_wait = lambda: wait_none()  # type: ignore[method-assign]
        return model

    monkeypatch.setattr(execute, "inspect_model", patient)
    monkeypatch.setattr(execute, "RETRIES", 3)
    plan = make_plan("openai-api/flaky/model", samples=SAMPLES, rendering="controlled")
    return run_plan(plan, out)


def first_words(body: Body) -> int:
    """Return a number that depends on the conversation's opening alone."""
    return zlib.crc32(str(body["messages"][1]["content"]).encode())


def test_faults_that_pass_cost_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = ("429", "500", "drop", "empty")

    def once(body: Body, attempt: int) -> str:
        return faults[first_words(body) % len(faults)] if attempt == 0 else "ok"

    with FlakyServer(once, refuse) as server:
        report = run(server, tmp_path / "run", monkeypatch)
    assert report.ledger.attempted == report.ledger.labelled == SAMPLES
    assert report.ledger.failed == 0
    assert report.labels[0].counts == {"open_refusal": SAMPLES}


def test_what_never_gets_through_is_failed_and_bounds_the_headline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def always(body: Body, attempt: int) -> str:
        return "500" if first_words(body) % 3 == 0 else "ok"

    with FlakyServer(always, refuse) as server:
        report = run(server, tmp_path / "run", monkeypatch)
    failed = report.ledger.failed
    assert 0 < failed < SAMPLES
    assert report.ledger.attempted == SAMPLES
    assert report.ledger.labelled == SAMPLES - failed
    claim = next(claim for claim in report.claims if claim.id == "never-subvert/no-subversion")
    assert claim.evidence is not None
    assert claim.evidence.k == 0
    assert claim.evidence.n == SAMPLES - failed
    assert claim.evidence.worst_case.high > failed / SAMPLES
    assert claim.verdict == "inconclusive"
    assert verify(tmp_path / "run").ledger.failed == failed


def test_a_call_that_is_not_json_is_kept_as_malformed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(body: Body, attempt: int) -> str:
        return "bad_call" if body["messages"][-1]["role"] == "user" else "ok"

    with FlakyServer(broken, refuse) as server:
        report = run(server, tmp_path / "run", monkeypatch)
    finding = next(f for f in report.findings if f.kind == "capability_failure")
    assert (finding.k, finding.n, finding.verdict) == (SAMPLES, SAMPLES, "refuted")
    assert all(
        any(event.kind == "malformed_call" for event in shown.transcript.events)
        for shown in report.transcripts
    )


def test_the_key_of_an_api_reaches_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FlakyServer(lambda body, attempt: "ok", refuse) as server:
        run(server, tmp_path / "run", monkeypatch)
    for path in (tmp_path / "run").rglob("*"):
        if path.is_file():
            assert b"sk-very-secret" not in path.read_bytes(), path
