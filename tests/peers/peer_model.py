"""A tiny checkpoint with the same weights everywhere, and multiple-choice questions for it.

The weights come from NumPy's PCG64, whose stream is part of its interface; so a peer in an
environment of its own scores the model that the tests score.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

WORDS = ["the", "auditor", "reads", "files", "and", "writes", "a", "short", "note", "to", "safety"]
WORDS += ["board", "manager", "check", "it"]
ODD = ["naïve", "café", "日本語", "Ünïcödé", "🙂"]


def save_peer_model(folder: Path) -> Path:
    """Save the checkpoint; needs transformers and tests/models on the path."""
    import torch
    from checkpoints import llama_config, make_tokenizer
    from transformers import AutoModelForCausalLM

    tokenizer = make_tokenizer()
    config = llama_config(
        vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id, bos_token_id=None
    )
    model = AutoModelForCausalLM.from_config(config)
    rng = np.random.default_rng(20261121)
    with torch.no_grad():
        for _, weight in sorted(model.named_parameters()):
            if weight.dim() == 2:
                weight.copy_(torch.from_numpy(rng.normal(0, 0.3, weight.shape).astype("float32")))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def fingerprint(folder: Path) -> str:
    """Return a hash of weights and vocabulary."""
    from safetensors.numpy import load_file

    digest = hashlib.sha256()
    for name, value in sorted(load_file(folder / "model.safetensors").items()):
        digest.update(name.encode() + value.tobytes())
    return digest.hexdigest()


def questions(count: int = 60) -> list[dict[str, Any]]:
    """Return questions with four choices of different lengths, some with wide characters."""
    rng = np.random.default_rng(5)

    def phrase(words: int) -> str:
        pool = WORDS + ODD
        return " ".join(str(rng.choice(pool)) for _ in range(words))

    found = []
    for _ in range(count):
        choices: list[str] = []
        while len(choices) < 4:
            text = phrase(int(rng.integers(1, 5)))
            if text not in choices:
                choices.append(text)
        found.append(
            {"question": phrase(6) + ":", "choices": choices, "answer": int(rng.integers(4))}
        )
    return found
