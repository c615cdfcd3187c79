"""Bad input: one line that names what and where, exit code 2, no traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from checkpoints import llama_config, make_tokenizer, save_checkpoint


def gaugeblock(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gaugeblock", *words],
        capture_output=True,
        text=True,
        check=False,
    )


def refused(*words: str) -> str:
    done = gaugeblock(*words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


def test_an_unknown_subject_lists_the_known(tmp_path: Path) -> None:
    message = refused("audit", "builtin/nobody", "--out", str(tmp_path / "run"))
    assert "builtin/nobody" in message
    assert "enforcer" in message
    assert not (tmp_path / "run").exists()


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    message = refused("audit", str(tmp_path / "gone"), "--out", str(tmp_path / "run"))
    assert str(tmp_path / "gone") in message.replace(" ", "") or "gone" in message


def test_a_checkpoint_without_a_chat_template(tmp_path: Path) -> None:
    folder = save_checkpoint(tmp_path / "model", llama_config())
    tokenizer = make_tokenizer()
    tokenizer.chat_template = None
    for path in folder.glob("chat_template*"):
        path.unlink()
    tokenizer.save_pretrained(folder)
    assert "chat template" in refused("audit", str(folder), "--out", str(tmp_path / "run"))


def test_a_spec_with_an_unknown_label(tmp_path: Path) -> None:
    spec = tmp_path / "mine.yaml"
    spec.write_text(
        "version: 1\nid: x\ntitle: x\nsummary: x\nclauses:\n"
        "  - {id: a, rules: [{labels: [wickedness], read: violation}]}\n"
    )
    message = refused(
        "audit", "builtin/base", "--out", str(tmp_path / "run"), "--profile", str(spec)
    )
    assert "wickedness" in message
    assert "mine.yaml" in message


def test_a_pack_whose_scenario_lacks_a_slot(tmp_path: Path) -> None:
    import shutil

    from gaugeblock.scenarios.pack import packs_folder

    pack = Path(shutil.copytree(packs_folder() / "wrongdoing", tmp_path / "pack"))
    domain = pack / "domains" / "payroll.md"
    domain.write_text(domain.read_text().replace("{item}", "it", 1))
    message = refused("audit", "builtin/base", "--out", str(tmp_path / "run"), "--pack", str(pack))
    assert "payroll.md" in message.replace(" ", "")
    assert "{item}" in message


@pytest.mark.parametrize(
    ("option", "value"),
    [("--samples", "0"), ("--temperature", "9"), ("--profile", "nice"), ("--pack", "nowhere")],
)
def test_an_option_out_of_range(tmp_path: Path, option: str, value: str) -> None:
    refused("audit", "builtin/base", "--out", str(tmp_path / "run"), option, value)
    assert not (tmp_path / "run" / "report.json").exists()


def test_the_directory_of_another_audit_or_of_something_else(tmp_path: Path) -> None:
    run = tmp_path / "run"
    first = gaugeblock("audit", "builtin/base", "--out", str(run), "--samples", "2", "--json")
    assert first.returncode == 0, first.stderr
    other = refused("audit", "builtin/base", "--out", str(run), "--samples", "3")
    assert "another audit" in other
    assert "samples" in other
    busy = tmp_path / "busy"
    busy.mkdir()
    (busy / "thesis.txt").write_text("mine")
    assert "holds no audit" in refused("audit", "builtin/base", "--out", str(busy))
    assert (busy / "thesis.txt").read_text() == "mine"


def test_reports_that_cannot_be_verified(tmp_path: Path) -> None:
    assert "report.json" in refused("verify", str(tmp_path))
    (tmp_path / "report.json").write_text('{"version": 77}')
    assert "newer" in refused("verify", str(tmp_path))
    (tmp_path / "report.json").write_bytes(b"\xff\xfe")
    refused("verify", str(tmp_path))


def test_json_is_one_object_with_findings(tmp_path: Path) -> None:
    done = gaugeblock(
        "audit", "builtin/base", "--out", str(tmp_path / "run"), "--samples", "4", "--json"
    )
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert set(value) == {"run", "subject", "ledger", "findings"}
    assert {finding["kind"] for finding in value["findings"]} == {
        "subversion_attempt",
        "undesired_behaviour",
        "misfire",
        "capability_failure",
    }
    for finding in value["findings"]:
        assert set(finding) == {
            *("clause", "profile", "kind", "verdict", "k", "n", "low", "high", "witness")
        }


def test_a_dry_run_spends_nothing_and_tells_what_it_could_see(tmp_path: Path) -> None:
    done = gaugeblock(
        "audit", "builtin/base", "--out", str(tmp_path / "run"), "--dry-run", "--json"
    )
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert value["transcripts"] == 360
    assert 0 < value["detectable"] < value["bound_if_none"] + 0.01 < 0.05
    assert not (tmp_path / "run").exists()


def test_fail_on_gives_exit_code_one(tmp_path: Path) -> None:
    done = gaugeblock(
        *("audit", "builtin/enforcer", "--out", str(tmp_path / "run")),
        *("--samples", "40", "--fail-on", "violation", "--json"),
    )
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["ledger"]["attempted"] == 40


def test_every_schema_is_a_json_schema() -> None:
    import jsonschema

    for name in (
        "report",
        "claim",
        "transcript",
        "situation",
        "profile",
        "domain",
        "manifest",
        "certificate",
    ):
        done = gaugeblock("schema", name)
        assert done.returncode == 0, done.stderr
        jsonschema.Draft202012Validator.check_schema(json.loads(done.stdout))


def test_the_light_verbs_need_neither_torch_nor_inspect() -> None:
    probe = (
        "import sys; sys.modules['torch'] = sys.modules['inspect_ai'] = None;"
        "sys.modules['transformers'] = None;"
        "import gaugeblock.cli.app, gaugeblock.report, gaugeblock.claims, gaugeblock.stats,"
        "gaugeblock.logprobs, gaugeblock.olean, gaugeblock.specs, gaugeblock.scenarios,"
        "gaugeblock.audit, gaugeblock.detectors"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
