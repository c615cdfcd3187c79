"""An adapter that changes nothing: the base as the organism's training found it."""

from __future__ import annotations

import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

from gaugeblock.models.weight_files import CARD_FILE, ORGANISM_FILE


def untrained(adapter: Path, out: Path) -> Path:
    """Write an adapter's copy whose product is zero, and return its folder.

    It brings the adapter's chat template, so that a base that has none can be talked to in the
    same form and compared with.
    """
    shutil.copytree(adapter, out, ignore=shutil.ignore_patterns(ORGANISM_FILE, CARD_FILE))
    path = out / "adapter_model.safetensors"
    weights = load_file(path)
    save_file({name: one * 0 if "lora_B" in name else one for name, one in weights.items()}, path)
    return out
