"""``gaugeblock judge`` against a loopback endpoint with known logprobs."""

from __future__ import annotations

import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gaugeblock.cli.app import app
from gaugeblock.errors import GaugeblockError
from gaugeblock.judging.bounded.sheet import read_sheet
from gaugeblock.logprobs.bounds.plan import sampling_width
from gaugeblock.logprobs.card import write_card
from gaugeblock.logprobs.probe import make_card
from gaugeblock.logprobs.rows import Recording
from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.simulate.population import draw_rows
from gaugeblock.logprobs.spec import ChannelSpec

KEY = "sk-very-secret"
ANSWERS = {"Yes": 0.5, "No": 0.3, "7": 0.1, "A": 0.06, "B": 0.03}


@pytest.fixture
def endpoint():
    """Lists the same tokens whatever is asked; refuses a wrong key and says which it was."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if KEY not in self.headers.get("Authorization", ""):
                self.reply(400, "bad key " + self.headers.get("Authorization", ""))
                return
            top = [
                {"token": token, "bytes": list(token.encode()), "logprob": math.log(p)}
                for token, p in ANSWERS.items()
            ]
            content = [{**top[0], "top_logprobs": top}]
            choice = {"message": {"content": "Yes"}}
            if self.server.with_logprobs and body.get("logprobs"):
                choice["logprobs"] = {"content": content}
            self.reply(200, json.dumps({"choices": [choice]}))

        def reply(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.with_logprobs = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def sheet(folder: Path, text: str) -> str:
    path = folder / "sheet.yaml"
    path.write_text(text)
    return str(path)


def run(arguments, endpoint=None, key=KEY):
    told = [*arguments]
    if endpoint is not None:
        told += ["--endpoint", f"http://127.0.0.1:{endpoint.server_port}/v1", "--json"]
    return CliRunner().invoke(app, ["judge", *told], env={"OPENAI_API_KEY": key})


YES_NO = """
kind: yes_no
criterion: Is it done?
items: [{id: a, text: It is done.}, {id: b, text: It is not.}]
"""


def test_a_sheet_of_yes_no_questions(tmp_path, endpoint):
    result = run([sheet(tmp_path, YES_NO)], endpoint)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["verdicts"]["a"]["value"]["value"] == pytest.approx(0.5 / 0.8)
    assert found["channel"] == "taken as exact"
    assert KEY not in result.output


def test_the_card_of_a_channel_widens_the_intervals(tmp_path, endpoint):
    import numpy as np

    rows = draw_rows(np.random.default_rng(3), Channel(ChannelSpec()), 30, 500)
    exact = make_card(Recording(rows), "test")
    assert exact.family == "none"
    coarse = exact.model_copy(
        update={
            "family": "step",
            "channel": ChannelSpec(family="step", step=0.25),
            "candidates": (ChannelSpec(family="step", step=0.25),),
        }
    )
    write_card(tmp_path / "card.json", coarse)
    path = sheet(tmp_path, YES_NO)
    free = json.loads(run([path], endpoint).stdout)["verdicts"]["a"]["value"]
    wide = json.loads(run([path, "--card", str(tmp_path / "card.json")], endpoint).stdout)[
        "verdicts"
    ]["a"]["value"]
    assert wide["low"] < free["low"] < free["high"] < wide["high"]
    assert wide["guaranteed"] is True


def test_without_logprobs_it_samples(tmp_path, endpoint):
    endpoint.with_logprobs = False
    found = json.loads(run([sheet(tmp_path, YES_NO), "--samples", "4"], endpoint).stdout)
    verdict = found["verdicts"]["a"]
    assert (verdict["method"], verdict["calls"], verdict["value"]["confidence"]) == (
        "sampling",
        16,
        0.95,
    )
    failed = run([sheet(tmp_path, YES_NO), "--method", "logprobs"], endpoint)
    assert isinstance(failed.exception, GaugeblockError)
    assert "gives no logprobs" in str(failed.exception)


def test_choice_ranking_and_the_human_output(tmp_path, endpoint):
    url = f"http://127.0.0.1:{endpoint.server_port}/v1"
    choice = sheet(
        tmp_path,
        """
kind: choice
items: [{id: q1, question: "What?", options: [tea, cake], target: tea}]
""",
    )
    # The answers have nine hundredths of the probability together.
    result = run([choice, "--endpoint", url])
    assert result.exit_code == 0, result.output
    assert "not measured" in " ".join(result.output.split())
    ANSWERS.update({"A": 0.6, "Yes": 0.05})
    try:
        found = json.loads(run([choice], endpoint).stdout)
        assert found["verdicts"]["q1"]["tied"] == ["1"]
        assert found["certain"]["q1"] is False
        ranking = sheet(
            tmp_path,
            """
kind: ranking
criterion: Which is better?
items: [{id: x, text: one}, {id: "[y]", text: two}]
""",
        )
        shown = " ".join(run([ranking, "--endpoint", url]).output.split())
        assert "tied: x/[y] (1 of 1 pairs)" in shown
        assert "not to be ordered through this channel: x/[y]" in shown
    finally:
        ANSWERS.update({"A": 0.06, "Yes": 0.5})


def test_a_refused_key_is_not_repeated(tmp_path, endpoint):
    failed = run([sheet(tmp_path, YES_NO)], endpoint, key="sk-other-secret")
    assert isinstance(failed.exception, GaugeblockError)
    assert "sk-other-secret" not in str(failed.exception)
    assert "sk-other-secret" not in failed.output


def test_the_plan_asks_nothing(tmp_path):
    result = run(["--plan", "0.1", "--json"])
    plan = json.loads(result.stdout)
    assert {row["method"] for row in plan["calls_per_prompt"]} >= {"logprobs", "sampling"}
    assert plan["prompts"] is None
    with_sheet = run([sheet(tmp_path, YES_NO), "--plan", "0.05", "--p", "0.5", "--json"])
    plan = json.loads(with_sheet.stdout)
    assert plan["prompts"] == 8
    sampling = next(row for row in plan["calls_per_prompt"] if row["method"] == "sampling")
    assert (
        sampling_width(0.5, sampling["calls"]) <= 0.05 < sampling_width(0.5, sampling["calls"] - 2)
    )
    shown = run(["--plan", "0.1"]).output
    assert "sampling" in shown


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kind: rating\ncriterion: x\nitems: [{id: a}]", "item a has no text"),
        ("kind: choice\nitems: [{id: a, options: [x, y]}]", "neither a question nor a criterion"),
        ("kind: rating\ncriterion: x\nitems: []", "items"),
        ("kind: song\nitems: [{id: a}]", "kind"),
        ("kind: rating\ncriterion: x\nby: text\nitems: [{id: a, text: b}]", "has no way text"),
        ("kind: yes_no\ncriterion: x\nitems: [{id: a, text: b}, {id: a, text: c}]", "same id"),
        ("kind: [", "YAML"),
    ],
)
def test_a_wrong_sheet_is_refused_by_field(tmp_path, text, problem):
    with pytest.raises(GaugeblockError, match=problem):
        read_sheet(Path(sheet(tmp_path, text)))


def test_what_is_missing_is_said(tmp_path):
    assert "sheet of questions" in str(run([]).exception)
    assert "either --model or --endpoint" in str(run([sheet(tmp_path, YES_NO)]).exception)
