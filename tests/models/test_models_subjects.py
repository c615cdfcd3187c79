from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gaugeblock.errors import GaugeblockError
from gaugeblock.models import subjects
from gaugeblock.models.capabilities import API_ONLY, LOCAL_WEIGHTS
from gaugeblock.models.subjects import (
    builtin_subjects,
    inspect_model_id,
    resolve_subject,
    subject_files,
    subject_kind,
)


@pytest.fixture
def copy(llama_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(llama_dir, tmp_path / "model"))


@pytest.fixture
def weights(llama_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package-data folder with a base and adapters as the project ships them."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    root = tmp_path / "weights"
    shutil.copytree(llama_dir, root / "base")
    for folder, seed in (("enforcer", 0), ("enforcer.s1", 1)):
        torch.manual_seed(seed)
        base = AutoModelForCausalLM.from_pretrained(root / "base")
        adapted = get_peft_model(
            base, LoraConfig(r=2, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
        )
        adapted.peft_config["default"].base_model_name_or_path = "builtin/base"
        adapted.save_pretrained(root / folder)
    monkeypatch.setattr(subjects, "_WEIGHTS", root)
    return root


def test_a_directory_is_described(llama_dir: Path) -> None:
    info = resolve_subject(str(llama_dir))
    assert (info.kind, info.capabilities, info.chat_template) == ("directory", LOCAL_WEIGHTS, True)
    assert info.training_seed is None
    assert len(info.fingerprint) == 64


def test_the_fingerprint_follows_contents_not_place(llama_dir: Path, copy: Path) -> None:
    assert resolve_subject(str(copy)).fingerprint == resolve_subject(str(llama_dir)).fingerprint
    weights_file = copy / "model.safetensors"
    data = bytearray(weights_file.read_bytes())
    data[-1] ^= 1
    weights_file.write_bytes(bytes(data))
    assert resolve_subject(str(copy)).fingerprint != resolve_subject(str(llama_dir)).fingerprint


def test_an_api_is_unpinned() -> None:
    info = resolve_subject("openai/gpt-4o")
    assert (info.kind, info.fingerprint, info.capabilities) == ("inspect", "unpinned", API_ONLY)
    assert info.chat_template is None


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("builtin/enforcer:2", "builtin"),
        ("./here", "directory"),
        ("~/here", "directory"),
        ("base+adapter:lora", "directory"),
        ("hf/org/name", "hub"),
        ("openai-api/local/m", "inspect"),
    ],
)
def test_the_id_tells_the_kind(subject: str, kind: str) -> None:
    assert subject_kind(subject) == kind


@pytest.mark.parametrize("subject", ["", "nothing", "two words", "builtin/", "builtin/X!"])
def test_what_is_no_subject_is_refused(subject: str) -> None:
    with pytest.raises(GaugeblockError):
        resolve_subject(subject)


def test_inspect_ids(llama_dir: Path) -> None:
    assert inspect_model_id("builtin/enforcer:1") == "gaugeblock/builtin/enforcer:1"
    assert inspect_model_id("mockllm/model") == "mockllm/model"
    assert inspect_model_id("hf/org/name") == "gaugeblock/hf/org/name"
    assert inspect_model_id(str(llama_dir)) == f"gaugeblock/{llama_dir}"


def test_builtin_subjects_and_training_seeds(weights: Path) -> None:
    assert builtin_subjects() == ("builtin/base", "builtin/enforcer", "builtin/enforcer:1")
    first, second = resolve_subject("builtin/enforcer"), resolve_subject("builtin/enforcer:1")
    assert (first.training_seed, second.training_seed) == (0, 1)
    assert first.fingerprint != second.fingerprint
    files = subject_files("builtin/enforcer:1")
    assert (files.base, files.adapter) == (weights / "base", weights / "enforcer.s1")
    assert subject_files("builtin/base").adapter is None


def test_an_unknown_builtin_is_told_the_known_ones(weights: Path) -> None:
    with pytest.raises(GaugeblockError, match="builtin/base, builtin/enforcer"):
        resolve_subject("builtin/enforcr")


def test_an_adapter_is_merged(weights: Path) -> None:
    import torch

    from gaugeblock.models.loading import load_subject

    ids = torch.tensor([[3, 4, 5]])
    with torch.inference_mode():
        logits = [
            load_subject(name).model(ids).logits
            for name in (
                "builtin/base",
                "builtin/enforcer",
                str(weights / "enforcer"),
                f"{weights / 'base'}+adapter:{weights / 'enforcer'}",
            )
        ]
    assert not torch.allclose(logits[0], logits[1], atol=1e-3)
    assert torch.equal(logits[1], logits[2])
    assert torch.equal(logits[1], logits[3])


def test_missing_and_broken_files(copy: Path, weights: Path, tmp_path: Path) -> None:
    def problem(subject: Path | str) -> str:
        with pytest.raises(GaugeblockError) as caught:
            resolve_subject(str(subject))
        return str(caught.value)

    assert "no such directory" in problem(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "no config.json" in problem(tmp_path / "empty")

    (copy / "chat_template.jinja").unlink()
    assert "no chat template" in problem(copy)
    assert "chat_template.jinja" in problem(copy)
    assert resolve_subject(str(copy), chat=False).chat_template is False

    whole = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(whole[:-8])
    assert "cut short" in problem(copy)
    (copy / "model.safetensors").write_bytes(b"garbage that is no header")
    assert "not a safetensors file" in problem(copy)
    (copy / "model.safetensors").unlink()
    (copy / "pytorch_model.bin").write_bytes(b"pickle")
    assert "no safetensors" in problem(copy)
    (copy / "model.safetensors").write_bytes(whole)
    (copy / "tokenizer.json").unlink()
    assert "no tokenizer" in problem(copy)
    (copy / "config.json").write_text("{")
    assert "not JSON" in problem(copy)

    adapter = weights / "enforcer"
    config = json.loads((adapter / "adapter_config.json").read_text())
    for named, told in (("/gone", "'/gone' is not there"), (None, "does not name its base")):
        (adapter / "adapter_config.json").write_text(
            json.dumps(config | {"base_model_name_or_path": named})
        )
        assert told in problem(adapter)
    (adapter / "adapter_model.safetensors").unlink()
    assert "no adapter_model.safetensors" in problem(adapter)


def test_a_file_that_does_not_match_its_config_is_one_line(copy: Path) -> None:
    from gaugeblock.models.loading import load_subject

    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"hidden_size": 48}))
    with pytest.raises(GaugeblockError, match="does not load") as caught:
        load_subject(str(copy))
    assert "\n" not in str(caught.value)


def test_the_light_core_resolves_without_torch() -> None:
    code = (
        "import sys, gaugeblock.models.subjects, gaugeblock.models.tool_calls;"
        "sys.exit(bool({'torch', 'transformers', 'inspect_ai'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
