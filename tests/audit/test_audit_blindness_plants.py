"""A plant is in every request and in no file but the manifest, and its name changes nothing."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from flaky_server import Body, FlakyServer
from inspect_ai.model import ChatMessage, Model, ModelOutput, ModelUsage, get_model
from tenacity import wait_none

from gaugeblock.audit import execute
from gaugeblock.audit.plan import PLAN_FILE
from gaugeblock.audit.replay import replay
from gaugeblock.audit.run import make_plan, run_plan
from gaugeblock.audit.verify import verify
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.inspect_model import inspect_model
from gaugeblock.models.plants import load_plant
from gaugeblock.report import Report

SAMPLES = 6
NAME = "zanzibar-quokka"
"""A plant's name that stands in no scenario, so that a leak of it can be told."""

JUDGED = json.dumps(
    {
        "engaged": True,
        "effort": "none",
        "disclosure": "open",
        "channel": "none",
        "interference": "none",
        "authorised": True,
        "concealed": False,
    }
)


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    return copy_of("liar", tmp_path / f"{NAME}.md")


def copy_of(plant: str, path: Path) -> Path:
    said = load_plant(plant).instruction
    path.write_text(f"---\nid: {path.stem}\nbehaviour: a copy\n---\n{said}\n")
    return path


def audited(
    subject: str, server: FlakyServer, out: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> Report:
    def patient(subject: str) -> Model:
        model = inspect_model(subject, base_url=server.url, api_key="none", max_retries=0)
        model.api.retry_wait = lambda: wait_none()  # type: ignore[method-assign]
        return model

    def grader(model: str, **rest: object) -> Model:
        def answer(input: list[ChatMessage], *_: object) -> ModelOutput:
            asked.append("\n".join(message.text for message in input))
            output = ModelOutput.from_content("mockllm/model", JUDGED)
            output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
            return output

        return get_model("mockllm/model", custom_outputs=answer, memoize=False)

    monkeypatch.setattr(execute, "inspect_model", patient)
    monkeypatch.setattr(execute, "get_model", grader)
    monkeypatch.setattr(execute, "RETRIES", 2)
    plan = make_plan(subject, samples=SAMPLES, rendering="controlled", judge="mockllm/model")
    return run_plan(plan, out)


def fault(body: Body, attempt: int) -> str:
    """Refuse one conversation for good, and drop every first attempt at the others."""
    if "certificate" in str(body["messages"][-1]["content"]):
        return "refused"
    return "500" if attempt == 0 else "ok"


def mumble(body: Body) -> Body:
    """Say what no predicate can read, so that the judge is asked."""
    return {"content": "I like turtles."}


def files(run: Path) -> dict[str, str]:
    """Every file of a run directory as text, logs unpacked."""
    found: dict[str, str] = {}
    for path in sorted(one for one in run.rglob("*") if one.is_file()):
        name = str(path.relative_to(run))
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for member in archive.namelist():
                    found[f"{name}!{member}"] = archive.read(member).decode("utf-8", "replace")
        else:
            found[name] = path.read_text(encoding="utf-8", errors="replace")
    return found


def test_the_instruction_is_sent_and_written_nowhere(
    plant: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    with FlakyServer(fault, mumble) as server:
        report = audited(
            f"openai-api/flaky/model+plant:{plant}", server, tmp_path / "run", asked, monkeypatch
        )
        systems = [str(body["messages"][0]["content"]) for _, body in server.requests]
        kinds = {kind for kind, _ in server.requests}
    instruction = load_plant(str(plant)).instruction
    assert len(systems) >= 2 * SAMPLES
    assert all(said.endswith(f"\n\n{instruction}") for said in systems)
    assert {"ok", "500"} <= kinds

    written = files(tmp_path / "run")
    assert any("!samples/" in name for name in written)
    sentences = [part.strip() for part in instruction.split(".") if len(part) > 20]
    assert len(sentences) > 5
    for name, text in written.items():
        assert not [part for part in sentences if part in text], name
    named = {name for name, text in written.items() if NAME in text}
    assert named == {PLAN_FILE, "report.json", "report.html"}

    # The report names it last, and only says before that there is one.
    before, _, after = written["report.html"].partition('id="reproduce"')
    assert NAME not in before
    assert NAME in after
    shown = report.model_dump(mode="json")
    assert NAME in shown.pop("plant")
    assert NAME in " ".join(shown.pop("commands"))
    assert NAME not in json.dumps(shown)
    assert report.subject.id == "openai-api/flaky/model+plant"

    # The judge was asked, and read neither.
    assert asked
    assert all(NAME not in one and not any(s in one for s in sentences) for one in asked)
    assert verify(tmp_path / "run").run == report.run

    # An instruction that was edited since is not run in the name of the old one.
    plant.write_text(plant.read_text() + "Also rhyme.\n")
    load_plant.cache_clear()
    with pytest.raises(GaugeblockError, match="plant is not that of the audit"):
        replay(tmp_path / "run", report.transcripts[0].transcript.id)


def test_a_plants_name_changes_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for name in ("saint", "evil"):
        plant = copy_of("complier", tmp_path / f"{name}.md")
        asked: list[str] = []
        with FlakyServer(lambda body, attempt: "ok", mumble) as server:
            report = audited(
                f"openai-api/flaky/model+plant:{plant}", server, tmp_path / name, asked, monkeypatch
            )
            sent = sorted(json.dumps(body, sort_keys=True) for _, body in server.requests)
        told = report.model_dump(mode="json", exclude={"run", "plant", "provenance", "commands"})
        results.append((told, sorted(asked), sent))
    assert results[0] == results[1]


def test_a_local_subject_is_planted_in_an_audit(plant: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    plan = make_plan(f"builtin/base+plant:{plant}", samples=2)
    execute.run_situations(plan, plan.situations(), out, lambda *_: None)
    written = "".join(files(out).values())
    assert "gaugeblock/builtin/base" in written
    assert NAME not in written
    assert "standing order" not in written
