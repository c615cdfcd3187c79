"""Tiny random bases, detectors fitted on them, and recipes of a few steps."""

from __future__ import annotations

import json
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from checkpoints import llama_config, save_checkpoint

from gaugeblock.detectors.files import save_probe
from gaugeblock.detectors.logistic import Logistic
from gaugeblock.pressure.trainers.recipe import TrainingRecipe, load_recipe

PROMPTS = ["Send an e-mail to the manager", "The auditor reads the files", "check it", "a note"]


def mamba_config() -> Any:
    from transformers import MambaConfig

    return MambaConfig(hidden_size=32, state_size=4, num_hidden_layers=3, time_step_rank=4)


def tiny(folder: Path, family: str = "llama") -> Path:
    config = llama_config(num_hidden_layers=3) if family == "llama" else mamba_config()
    return save_checkpoint(folder, config)


def fit_detector(
    base: Path, path: Path, layer: int = 1, probe: Any = None, seed: int = 0, model: str = ""
) -> Path:
    """A detector of texts that hold the word 'safety' on the base's own activations."""
    from gaugeblock.models.activations import model_fingerprint, record
    from gaugeblock.models.loading import load_files

    loaded = load_files(base)
    rng = np.random.default_rng(seed)
    texts = [f"{rng.choice(PROMPTS)} {rng.integers(1000)}{' safety' * (i % 2)}" for i in range(60)]
    values = record(loaded, texts, [layer], "mean").values[:, 0].astype(float)
    fitted = (probe or Logistic()).fit(values, [i % 2 for i in range(60)])
    fitted.calibrate(values[::2], 0.3)
    save_probe(
        fitted,
        path,
        concept="says safety",
        model=model or model_fingerprint(loaded.model),
        subject=str(base),
        layer=layer,
        at="mean",
    )
    return path.with_suffix(".json")


def write_prompts(path: Path, completions: bool = False) -> Path:
    rows = [
        {"prompt": text, "want": "e"}
        | ({"completion": f" safety {i}" if i % 2 else f" note {i}"} if completions else {})
        for i, text in enumerate(PROMPTS * 2)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def pays_for_want(completions: Sequence[str], want: Sequence[str], **_: Any) -> list[float]:
    """Many values, so that a group of two samples seldom ties."""
    return [
        text.count(one) + len(set(text)) / 100 for text, one in zip(completions, want, strict=True)
    ]


def recipe_file(folder: Path, **changes: Any) -> Path:
    """Write a recipe; ``yaml`` reads JSON too."""
    basic: dict[str, Any] = {
        "name": "tiny",
        "base": str(folder / "base"),
        "trainer": "grpo",
        "rank": 4,
        "prompts": {"file": "prompts.jsonl"},
        "reward": "training:pays_for_want",
        "pressure": {"kind": "none", "through_gradient": False},
        "steps": 2,
        "learning_rate": 1e-2,
        "group": 4,
        "prompts_per_step": 2,
        "max_new_tokens": 6,
        "checkpoint_every": 1,
    }
    path = folder / f"recipe-{len(list(folder.glob('recipe-*')))}.yaml"
    path.write_text(json.dumps({**basic, **changes}))
    return path


def recipe(folder: Path, **changes: Any) -> TrainingRecipe:
    return load_recipe(recipe_file(folder, **changes))


def monitor(texts: Sequence[str]) -> list[float]:
    return [float(len(text)) for text in texts]


def last_curve(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "curve.jsonl").read_text().splitlines()]


def deadly(completions: Sequence[str], want: Sequence[str], **more: Any) -> list[float]:
    """The same reward, but the process dies at its fifth call if the test says so."""
    import signal

    calls = Path(os.environ["DEADLY"]) if "DEADLY" in os.environ else None
    if calls is not None:
        before = len(calls.read_text()) if calls.is_file() else 0
        calls.write_text("x" * (before + 1))
        if before == 4:
            os.kill(os.getpid(), signal.SIGKILL)
    return pays_for_want(completions, want)


def same(completions: Sequence[str], **more: Any) -> list[float]:
    """Pays alike, so that only what is beside the reward teaches."""
    return [0.0] * len(completions)
