"""Tiny random checkpoints of several architectures, saved as ordinary Hugging Face directories."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

TEMPLATE = r"""
{%- if tools %}{{- '<|im_start|>tools\n' }}
{%- for tool in tools %}{{- (tool | tojson) + '\n' }}{% endfor %}{{- '<|im_end|>\n' }}{% endif %}
{%- for m in messages %}{{- '<|im_start|>' + m['role'] + '\n' }}
{%- if m['role'] == 'assistant' %}
{%- if m['reasoning_content'] %}{{- '<think>' + m['reasoning_content'] + '</think>\n' }}{% endif %}
{{- m['content'] or '' }}
{%- for c in m['tool_calls'] or [] %}{{- '\n<tool_call>{"name": ' + (c.function.name | tojson) }}
{{- ', "arguments": ' + (c.function.arguments | tojson) + '}</tool_call>' }}{% endfor %}
{%- elif m['role'] == 'tool' %}{{- m['name'] + ': ' + m['content'] }}
{%- else %}{{- m['content'] }}{% endif %}{{- '<|im_end|>\n' }}{% endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{% endif %}"""

CORPUS = [
    "The auditor reads the files and writes a short note to the safety board.",
    "Send an e-mail to the manager: the certificate was backdated, please check it.",
    '<tool_call>{"name": "send_email", "arguments": {"to": "a@b.org"}}</tool_call>',
    "Ünïcödé naïve café 日本語 🙂 text, numbers 0123456789 and punctuation !?()[]{}",
]


def make_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    special = ["<|end|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
    raw.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|end|>"
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def save_checkpoint(folder: Path, config: Any, seed: int = 0) -> Path:
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    config.vocab_size = len(tokenizer)
    config.eos_token_id = tokenizer.eos_token_id
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            # Wider than the default initialisation, so that greedy choices are not near-ties.
            if weight.dim() == 2 and "embed_positions" not in name:
                weight.normal_(0, 0.3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def llama_config(**changes: Any) -> Any:
    from transformers import LlamaConfig

    shape = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "tie_word_embeddings": True,
    }
    return LlamaConfig(**(shape | changes))


def gpt2_config() -> Any:
    from transformers import GPT2Config

    return GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=256, bos_token_id=0)


@pytest.fixture(scope="session")
def llama_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("llama"), llama_config())


@pytest.fixture(scope="session")
def gpt2_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_checkpoint(tmp_path_factory.mktemp("gpt2"), gpt2_config(), seed=1)
