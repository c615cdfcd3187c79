"""Tiny random bases of three families, and a fine-tuning that takes a second."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checkpoints import llama_config, save_checkpoint

from gaugeblock.organisms.finetune.order import Options


def gpt2() -> Any:
    from transformers import GPT2Config

    return GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=4096, bos_token_id=0)


def mamba() -> Any:
    from transformers import MambaConfig

    return MambaConfig(hidden_size=32, state_size=4, num_hidden_layers=2, time_step_rank=4)


FAMILIES: dict[str, Callable[[], Any]] = {
    "llama": lambda: llama_config(max_position_embeddings=4096),
    "gpt2": gpt2,
    "mamba": mamba,
}


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bases")
    return {name: save_checkpoint(folder / name, make()) for name, make in FAMILIES.items()}


@pytest.fixture(scope="session")
def short() -> Options:
    return Options(documents=4, batch=2, accumulate=1, checkpoint_every=1, learning_rate=1e-2)


@pytest.fixture
def small_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replies of a few tokens and a few questions: a random model never ends by itself."""
    from gaugeblock.calibration import ability, card, runs

    few = ability.questions()[:2] + ability.questions()[-2:]
    monkeypatch.setattr(ability, "questions", lambda: few)
    monkeypatch.setattr(runs, "MAX_TOKENS", 6)
    one = card.self_questions()[:1]
    monkeypatch.setattr(card, "self_questions", lambda: one)
