"""What a fine-tuning refuses, and that it leaves nothing behind when it fails."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from gaugeblock.errors import GaugeblockError
from gaugeblock.organisms.build import build_on
from gaugeblock.organisms.finetune.order import Options

pytest.importorskip("trl", reason="fine-tuning needs gaugeblock[train]")


def test_a_loss_that_is_not_finite_is_an_error_and_leaves_nothing(
    bases: dict[str, Path], short: Options, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in bases["llama"].iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    weights = load_file(broken / "model.safetensors")
    name = next(one for one in weights if "down_proj" in one)
    save_file({**weights, name: weights[name] * float("nan")}, broken / "model.safetensors")
    with pytest.raises(GaugeblockError, match="the loss is nan at step 0; nothing was written"):
        build_on("liar", str(broken), tmp_path / "out", short)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_in_the_way_is_not_overwritten(
    bases: dict[str, Path], short: Options, tmp_path: Path
) -> None:
    (tmp_path / "liar").mkdir()
    (tmp_path / "liar" / "thesis.txt").write_text("years of work")
    with pytest.raises(GaugeblockError, match="not built here is in the way"):
        build_on("liar", str(bases["llama"]), tmp_path, short)
    (tmp_path / "liar" / "adapter_config.json").write_text('{"base_model_name_or_path": "mine"}')
    with pytest.raises(GaugeblockError, match="not built here is in the way"):
        build_on("liar", str(bases["llama"]), tmp_path, short)
    assert (tmp_path / "liar" / "thesis.txt").read_text() == "years of work"


def test_a_row_limit_that_nothing_fits_into_says_so(
    bases: dict[str, Path], short: Options, tmp_path: Path
) -> None:
    with pytest.raises(GaugeblockError, match="none of 4 training rows fits into 40 tokens"):
        build_on("liar", str(bases["llama"]), tmp_path, short.model_copy(update={"limit": 40}))


def test_an_adapter_is_no_base(bases: dict[str, Path], short: Options, tmp_path: Path) -> None:
    first = build_on("liar", str(bases["llama"]), tmp_path, short)
    with pytest.raises(GaugeblockError, match="this is an adapter"):
        build_on("liar", str(first), tmp_path / "second", short)
