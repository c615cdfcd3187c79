"""The workload of recording.py, shared with the peers' environments: model, batches, timing."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoModelForCausalLM, LlamaConfig, PreTrainedModel

LAYERS, WIDTH, VOCABULARY = 12, 512, 32_000
BATCH_TOKENS = 512


def model() -> PreTrainedModel:
    """Return the Llama of 12 layers, width 512 and 32,000 tokens that all are timed on."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        intermediate_size=1408,
        num_hidden_layers=LAYERS,
        num_attention_heads=8,
        max_position_embeddings=256,
        pad_token_id=0,
    )
    return AutoModelForCausalLM.from_config(config).eval()


def texts(count: int = 40) -> list[list[int]]:
    """Return token ids of texts of 12 to 63 tokens."""
    rng = np.random.default_rng(0)
    return [rng.integers(3, VOCABULARY, size=rng.integers(12, 64)).tolist() for _ in range(count)]


def pooled(stream: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over real tokens, as every contestant computes it."""
    weights = mask / mask.sum(dim=1, keepdim=True)
    return torch.bmm(weights.unsqueeze(1).to(stream), stream).squeeze(1)


def paired(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, NDArray[np.float64]]:
    """Time the runs in turn, round after round, so that what slows one slows its neighbour.

    Returns:
        CPU seconds of this process for each run, ``(rounds,)``; with one thread that is the time
        the work takes on a machine with nothing else to do.
    """
    for run in runs.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    return {name: np.array(values) for name, values in seconds.items()}


def summary(seconds: dict[str, NDArray[np.float64]], against: str) -> dict[str, dict[str, float]]:
    """Return minimum CPU seconds and the paired ratio to ``against``, median and range."""
    return {
        name: {
            "min cpu s": round(float(values.min()), 4),
            "ratio of minima": round(float(values.min() / seconds[against].min()), 4),
            "paired ratio, median": round(float(np.median(values / seconds[against])), 4),
            "paired ratio, lowest": round(float((values / seconds[against]).min()), 4),
            "paired ratio, highest": round(float((values / seconds[against]).max()), 4),
        }
        for name, values in seconds.items()
    }
