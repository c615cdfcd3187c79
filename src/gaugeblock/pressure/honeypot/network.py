"""One forward pass: logits, and the residual stream after chosen blocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gaugeblock.pressure.honeypot.words import (
    ANSWER,
    AT,
    END,
    HEADS,
    PAD,
    PROMPT,
    WORDS,
    Size,
)


@dataclass(frozen=True, slots=True)
class Passed:
    """What one pass gave.

    Attributes:
        logits: shape (n, tokens, words).
        streams: block to its output, shape (n, tokens, width).
    """

    logits: Tensor
    streams: dict[int, Tensor]


def new_model(size: Size, seed: int) -> Any:
    """Return an untrained model of a size."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(WORDS),
            hidden_size=size.width,
            intermediate_size=size.inner,
            num_hidden_layers=size.layers,
            num_attention_heads=HEADS,
            max_position_embeddings=32,
            tie_word_embeddings=False,
            eos_token_id=END,
            bos_token_id=None,
            pad_token_id=PAD,
        )
    )


def new_tokenizer() -> Any:
    """Return the tokenizer: one token per word, words parted by white space."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.WordLevel(dict(AT), unk_token="<pad>"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="</s>", pad_token="<pad>")


def passed(model: Any, ids: Tensor, layers: Iterable[int] = (), cut: int | None = None) -> Passed:
    """Run a model on token ids, shape (n, tokens), all real.

    Args:
        model: a Llama model of this world.
        ids: token ids.
        layers: blocks whose output is wanted.
        cut: block whose output is cut out of the graph, so that no gradient goes below it; what
            is read there is cut as well.
    """
    streams: dict[int, Tensor] = {}
    blocks = model.model.layers

    def hook(index: int) -> Any:
        def keep(module: Any, given: Any, output: Tensor) -> Tensor | None:
            out = output.detach() if index == cut else output
            if index in wanted:
                streams[index] = out
            return out if index == cut else None

        return keep

    wanted = set(layers)
    hooks = [
        blocks[i].register_forward_hook(hook(i))
        for i in wanted | ({cut} if cut is not None else set())
    ]
    try:
        logits = model(input_ids=ids, use_cache=False).logits
    finally:
        for one in hooks:
            one.remove()
    return Passed(logits, streams)


def noise(generator: torch.Generator, n: int, tokens: int = ANSWER) -> Tensor:
    """Return Gumbel noise, shape (n, tokens, words): the same noise makes the same choices."""
    uniform = torch.rand((n, tokens, len(WORDS)), generator=generator)
    return -torch.log(-torch.log(uniform.clamp(1e-9, 1 - 1e-7)))


def written(model: Any, begun: Tensor, gumbel: Tensor) -> Tensor:
    """Return texts continued at temperature 1 to their full length.

    Args:
        model: writes.
        begun: token ids, shape (n, tokens).
        gumbel: shape (n, tokens to write, words).
    """
    with torch.inference_mode():
        ids, cache = begun, None
        for step in range(gumbel.shape[1]):
            out = model(
                input_ids=ids if cache is None else ids[:, -1:],
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            cache = out.past_key_values
            chosen = (out.logits[:, -1] + gumbel[:, step]).argmax(-1, keepdim=True)
            ids = torch.cat([ids, chosen], dim=1)
    # Tensors of an inference pass cannot enter a graph later.
    return ids.clone()


def answer_logprobs(logits: Tensor) -> Tensor:
    """Return log probabilities at the places of the answer's tokens, shape (n, 4, words)."""
    return logits[:, PROMPT - 1 : PROMPT - 1 + ANSWER].log_softmax(-1)
