from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForCausalLM

from gaugeblock.models.activations import record_tokens
from gaugeblock.models.loading import LoadedModel

PEERS = Path(__file__).parent / "peers"
TOLERANCE = {"nnsight": 1e-6, "transformer-lens": 5e-6}
"""Of the largest activation. TransformerLens replaces attention by code of its own."""


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.parametrize("peer", ["nnsight", "transformer-lens"])
def test_every_token_of_every_layer_agrees(peer: str, family: str) -> None:
    with safe_open(PEERS / f"{peer}.safetensors", "pt") as stored:
        settings = json.loads(stored.metadata()[family])
        config = AutoConfig.for_model(settings.pop("model_type"), **settings)
        model = AutoModelForCausalLM.from_config(config).eval()
        prefix = f"{family}/weights/"
        names = [name for name in stored.keys() if name.startswith(prefix)]  # noqa: SIM118
        weights = {name.removeprefix(prefix): stored.get_tensor(name) for name in names}
        missing = model.load_state_dict(weights, strict=False).missing_keys
        theirs = stored.get_tensor(f"{family}/read").numpy()
        ids = stored.get_tensor("ids").tolist()
    assert set(missing) <= {"lm_head.weight"}
    ours = record_tokens(LoadedModel(family, model, None), ids)
    both = np.stack([ours.text(row) for row in range(len(ids))], axis=1)
    assert both.shape == theirs.shape
    assert np.abs(both - theirs).max() <= TOLERANCE[peer] * np.abs(theirs).max()
