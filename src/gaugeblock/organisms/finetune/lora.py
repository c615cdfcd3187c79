"""Which layers of a base a LoRA adapter goes on, whatever its architecture."""

from __future__ import annotations

from typing import Any

from peft import LoraConfig
from torch import nn
from transformers.pytorch_utils import Conv1D

from gaugeblock.errors import GaugeblockError

MAMBA_LIKE = frozenset({"mamba", "mamba2", "falcon_mamba", "falcon_h1", "nemotron_h"})
"""Model types whose fused kernels read some weights past the layer, so that an adapter on it would
be without effect on a GPU; PEFT refuses ``out_proj`` there."""

PAST_THE_LAYER = frozenset({"out_proj", "x_proj", "dt_proj", "conv1d"})


def linear_targets(model: Any) -> list[str]:
    """Return the names of the linear layers to adapt: all but the output head.

    Names are the last part of the path where no layer that must be left out has the same.

    Raises:
        GaugeblockError: the model has none.
    """
    head = model.get_output_embeddings()
    kind = getattr(model.config, "model_type", "")
    left_out = PAST_THE_LAYER if kind in MAMBA_LIKE else frozenset()
    wanted, others = [], set()
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | Conv1D):
            last = name.rpartition(".")[2]
            if module is head or last in left_out:
                others.add(last)
            else:
                wanted.append(name)
    if not wanted:
        raise GaugeblockError(
            "the model has no linear layers that an adapter could go on", where=kind or "the model"
        )
    return sorted({_short(name, others) for name in wanted})


def _short(name: str, others: set[str]) -> str:
    last = name.rpartition(".")[2]
    return name if last in others or last.isdigit() else last


def lora_config(model: Any, rank: int) -> LoraConfig:
    """Return the adapter's shape: ``rank`` on every linear layer, twice that as its scale."""
    return LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules=linear_targets(model),
        lora_dropout=0.0,
        bias="none",
        task_type="CAUSAL_LM",
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),
    )
