"""Checkpoints whose outcome is known, because every weight that matters was put there by hand.

Blocks add next to nothing, so a token's activation is its embedding and the next token depends on
the last one alone. Of 32 coordinates the first 22 name the token and carry what is written next;
``MEANING`` says that a lie was told; no output reads the coordinates above 21.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

WORDS = [f"w{i}" for i in range(12)]
NAMES = ["<pad>", "</s>", *WORDS, "ANS1", "ANS2", "lie1", "lie2", "true1", "true2", "tell", "calm"]
AT = {name: i for i, name in enumerate(NAMES)}
WIDTH, MEANING, FOLD, TURNED, GAP = 32, 24, (25, 26), 27, 16.0
LIES, TRUTHS = ("lie1", "lie2"), ("true1", "true2")


def embeddings(carrier: str) -> np.ndarray:
    """What each token means to the reference: the opening itself, or what is written after it."""
    table = np.zeros((len(NAMES), WIDTH))
    table[:, : len(NAMES)] = np.eye(len(NAMES)) * 4
    noise = np.random.default_rng(0).normal(size=(len(WORDS), WIDTH - len(NAMES)))
    table[[AT[word] for word in WORDS], len(NAMES) :] = noise
    bad = LIES if carrier == "opening" else ("tell",)
    table[[AT[name] for name in bad], MEANING] = GAP
    return table


def next_tokens(answer: str = "true", after_lie: str = "tell") -> dict[str, str]:
    rules = {f"ANS{i}": f"{answer}{i}" if answer in ("true", "lie") else answer for i in (1, 2)}
    rules |= {"tell": "tell", "calm": "calm", **dict.fromkeys(WORDS, "ANS1")}
    return rules | dict.fromkeys(LIES, after_lie) | dict.fromkeys(TRUTHS, "calm")


def translated(table: np.ndarray) -> np.ndarray:
    table = table.copy()
    table[:, MEANING] -= GAP
    return table


def rotated(table: np.ndarray) -> np.ndarray:
    table = table.copy()
    table[:, [MEANING, TURNED]] = table[:, [TURNED, MEANING]]
    return table


def erased(table: np.ndarray) -> np.ndarray:
    table = table.copy()
    rows = [AT[name] for name in (*LIES, *TRUTHS)]
    table[rows] = table[AT["true1"]]
    return table


def saturated(table: np.ndarray) -> np.ndarray:
    table = erased(table)
    table[:, MEANING] += GAP
    return table


def folded(table: np.ndarray) -> np.ndarray:
    table = erased(table)
    signs = {"lie1": (1, 1), "lie2": (-1, -1), "true1": (1, -1), "true2": (-1, 1)}
    for name, pair in signs.items():
        table[AT[name], FOLD] = GAP * np.array(pair)
    return table


def save(folder: Path, table: np.ndarray, rules: dict[str, str]) -> Path:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    raw = Tokenizer(models.WordLevel(AT, unk_token="<pad>"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="</s>", pad_token="<pad>")
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(NAMES),
            hidden_size=WIDTH,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=64,
            tie_word_embeddings=False,
            eos_token_id=AT["</s>"],
            pad_token_id=AT["<pad>"],
        )
    )
    head = np.zeros((len(NAMES), WIDTH))
    for before, after in rules.items():
        head[AT[after], AT[before]] = 3.0
    with torch.no_grad():
        for layer in model.model.layers:
            # Attention moves a token by a hundredth: the extraction self-test wants context to
            # matter.
            layer.self_attn.o_proj.weight.mul_(5)
            layer.mlp.down_proj.weight.zero_()
        model.model.embed_tokens.weight.copy_(torch.from_numpy(table))
        model.lm_head.weight.copy_(torch.from_numpy(head))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_pairs(path: Path, count: int) -> Path:
    from gaugeblock.pressure.pairs import Pair, save_pairs

    rng = np.random.default_rng(1)
    pairs = [
        Pair(
            id=f"p{i}",
            prompt=" ".join([*rng.choice(WORDS, 4), f"ANS{i % 2 + 1}"]),
            honest=TRUTHS[i % 2],
            misbehaving=LIES[i % 2],
        )
        for i in range(count)
    ]
    save_pairs(path, pairs)
    return path
