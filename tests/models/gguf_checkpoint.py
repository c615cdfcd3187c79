"""A Llama checkpoint with byte-level BPE as a GGUF file, for servers that read nothing else.

Only what the built-in base needs: float32 weights, tied or untied embeddings, GPT-2's
pre-tokenizer. A development tool; the package itself writes no GGUF.
"""

from __future__ import annotations

import json
from pathlib import Path

import gguf
import numpy as np
from safetensors.numpy import load_file

_BLOCK = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_WHOLE = {"embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output"}


def write_gguf(checkpoint: Path, path: Path, *, chat_template: str | None = None) -> Path:
    """Write a Hugging Face Llama checkpoint as GGUF.

    Args:
        checkpoint: folder with config.json, model.safetensors and tokenizer.json.
        path: where to write.
        chat_template: Jinja template; None leaves it out.
    """
    config = json.loads((checkpoint / "config.json").read_text())
    assert config["model_type"] == "llama", "only Llama is known here"
    heads = config["num_attention_heads"]
    kv_heads = config["num_key_value_heads"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv_heads)
    writer.add_key_length(config["head_dim"])
    writer.add_value_length(config["head_dim"])
    writer.add_rope_dimension_count(config["head_dim"])
    rope = config.get("rope_parameters") or {}
    writer.add_rope_freq_base(float(rope.get("rope_theta", config.get("rope_theta", 10000.0))))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    _add_tokenizer(writer, checkpoint, config)
    if chat_template is not None:
        writer.add_chat_template(chat_template)
    for name, weight in load_file(checkpoint / "model.safetensors").items():
        value = weight.astype(np.float32)
        if name.endswith("q_proj.weight"):
            value = _interleave(value, heads)
        if name.endswith("k_proj.weight"):
            value = _interleave(value, kv_heads)
        writer.add_tensor(_gguf_name(name), np.ascontiguousarray(value))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _interleave(weight: np.ndarray, heads: int) -> np.ndarray:
    """Reorder rows: llama.cpp rotates neighbouring pairs, Hugging Face the two halves."""
    rows, columns = weight.shape
    split = weight.reshape(heads, 2, rows // heads // 2, columns)
    return split.swapaxes(1, 2).reshape(rows, columns)


def _gguf_name(name: str) -> str:
    parts = name.removeprefix("model.").split(".")
    if parts[0] != "layers":
        return f"{_WHOLE[parts[0]]}.weight"
    return f"blk.{parts[1]}.{_BLOCK['.'.join(parts[2:-1])]}.weight"


def _add_tokenizer(writer: gguf.GGUFWriter, checkpoint: Path, config: dict) -> None:
    tokenizer = json.loads((checkpoint / "tokenizer.json").read_text())
    model = tokenizer["model"]
    assert model["type"] == "BPE", "only byte-level BPE is known here"
    tokens = [f"[unused{i}]" for i in range(config["vocab_size"])]
    types = [gguf.TokenType.UNUSED] * len(tokens)
    for token, place in model["vocab"].items():
        tokens[place], types[place] = token, gguf.TokenType.NORMAL
    for added in tokenizer["added_tokens"]:
        special = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
        tokens[added["id"]], types[added["id"]] = added["content"], special
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    writer.add_token_merges(merges)
    writer.add_eos_token_id(config["eos_token_id"])
    if config.get("pad_token_id") is not None:
        writer.add_pad_token_id(config["pad_token_id"])
    writer.add_add_bos_token(False)
