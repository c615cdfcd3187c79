"""Write what nnsight or TransformerLens reads from tiny models, for tests/activations to compare.

Run in the peer's own environment (nnsight==0.8.1 or transformer-lens==4.3.0, transformers==5.23.0):
    python benchmarks/peers/activations.py nnsight tests/activations/peers/nnsight.safetensors

The weights go into the file too, so that the comparison needs neither peer nor seed.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, PreTrainedConfig

IDS = [[7, 3, 60, 21, 9, 44, 2, 18, 33], [5, 5, 12, 61, 40, 8, 17, 30, 1]]
CONFIGS: dict[str, PreTrainedConfig] = {
    "llama": LlamaConfig(
        vocab_size=64,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32,
        initializer_range=0.2,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    ),
    "gpt2": GPT2Config(
        vocab_size=64,
        n_embd=16,
        n_layer=3,
        n_head=4,
        n_positions=32,
        initializer_range=0.2,
        bos_token_id=1,
        eos_token_id=2,
    ),
}


def read_with_nnsight(model: nn.Module, ids: Tensor) -> Tensor:
    from nnsight import NNsight

    blocks = "transformer.h" if hasattr(model, "transformer") else "model.layers"
    traced = NNsight(model)
    envoy = traced
    for name in blocks.split("."):
        envoy = getattr(envoy, name)
    with traced.trace(ids):
        saved = list().save()
        for block in envoy:
            saved.append(block.output)
    return torch.stack([out[0] if isinstance(out, tuple) else out for out in saved])


def read_with_transformer_lens(model: nn.Module, ids: Tensor) -> Tensor:
    from tokenizers import Tokenizer, models
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import PreTrainedTokenizerFast

    vocabulary = {f"t{i}": i for i in range(64)}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token="t0"))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token="t1", eos_token="t2", pad_token="t0"
    )
    with TemporaryDirectory() as directory:
        model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        bridge = TransformerBridge.boot_transformers(
            directory,
            hf_model=model,
            tokenizer=PreTrainedTokenizerFast.from_pretrained(directory),
            device="cpu",
        )
    names = [f"blocks.{layer}.hook_out" for layer in range(model.config.num_hidden_layers)]
    _, cache = bridge.run_with_cache(ids, names_filter=names, prepend_bos=False)
    return torch.stack([cache[name] for name in names])


def main() -> None:
    peer, path = sys.argv[1:]
    read = {"nnsight": read_with_nnsight, "transformer-lens": read_with_transformer_lens}[peer]
    tensors: dict[str, Tensor] = {"ids": torch.tensor(IDS)}
    for name, config in CONFIGS.items():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config).eval()
        for key, value in model.state_dict().items():
            if key != "lm_head.weight":
                tensors[f"{name}/weights/{key}"] = value.clone()
        with torch.no_grad():
            tensors[f"{name}/read"] = read(model, tensors["ids"]).contiguous()
    configs = {name: json.dumps(config.to_diff_dict()) for name, config in CONFIGS.items()}
    save_file(tensors, path, metadata={"peer": peer, "version": version(peer), **configs})


if __name__ == "__main__":
    main()
