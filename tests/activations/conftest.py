"""Tiny models: real architectures with random weights, and toys with one planted fault each."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from torch import Tensor, nn
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    BertConfig,
    GPT2Config,
    LlamaConfig,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
)

from gaugeblock.models.loading import LoadedModel

WORDS = ["<pad>", "<s>", "</s>", "a", "horse", "is", "an", "animal", "not", "the", "moon", "cheese"]


def word_tokenizer(*, bos: bool = True, pad: bool = True) -> PreTrainedTokenizerFast:
    vocabulary = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="a"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", 1)]
        )
    named = {"bos_token": "<s>"} | ({"eos_token": "</s>", "pad_token": "<pad>"} if pad else {})
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named)


@pytest.fixture(scope="session")
def llama() -> LoadedModel:
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=64,
        initializer_range=0.2,
        pad_token_id=0,
    )
    model = AutoModelForCausalLM.from_config(config).eval()
    return LoadedModel("tiny/llama", model, word_tokenizer())


@pytest.fixture(scope="session")
def gpt2() -> LoadedModel:
    torch.manual_seed(2)
    config = GPT2Config(
        vocab_size=64,
        n_embd=32,
        n_layer=4,
        n_head=4,
        n_positions=64,
        initializer_range=0.2,
        bos_token_id=1,
        eos_token_id=2,
    )
    return LoadedModel("tiny/gpt2", AutoModelForCausalLM.from_config(config).eval(), None)


@pytest.fixture(scope="session")
def bert() -> LoadedModel:
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        max_position_embeddings=64,
        initializer_range=0.2,
    )
    return LoadedModel("tiny/bert", AutoModel.from_config(config).eval(), None)


class ToyBlock(nn.Module):
    def __init__(self, width: int, mixing: str) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.mixing = mixing

    def forward(self, hidden: Tensor) -> Tensor:
        steps = torch.arange(1, hidden.shape[1] + 1, dtype=hidden.dtype).view(1, -1, 1)
        mixed = hidden.cumsum(dim=1) / steps
        if self.mixing == "all positions":
            mixed = hidden.mean(dim=1, keepdim=True).expand_as(hidden)
        if self.mixing == "other texts":
            mixed = mixed + hidden.mean(dim=0, keepdim=True)
        return hidden + torch.tanh(self.linear(mixed))


class Toy(nn.Module):
    """A model that is no transformer and takes no attention mask."""

    def __init__(self, mixing: str = "causal", *, unused_blocks: bool = False) -> None:
        super().__init__()
        self.config = PreTrainedConfig(pad_token_id=0)
        self.config.vocab_size, self.config.hidden_size = 64, 16
        self.config.num_hidden_layers = 3
        self.embedding = nn.Embedding(64, 16)
        self.blocks = nn.ModuleList(ToyBlock(16, mixing) for _ in range(3))
        self.hidden_path = nn.Sequential(*(ToyBlock(16, mixing) for _ in range(3)))
        self.unused_blocks = unused_blocks

    @property
    def device(self) -> torch.device:
        return self.embedding.weight.device

    def forward(self, input_ids: Tensor) -> Tensor:
        hidden = self.embedding(input_ids)
        for block in self.blocks:
            seen = block(self.embedding(input_ids) if self.unused_blocks else hidden)
            hidden = hidden if self.unused_blocks else seen
        return self.hidden_path(hidden) if self.unused_blocks else hidden


def toy(mixing: str = "causal", *, unused_blocks: bool = False) -> LoadedModel:
    torch.manual_seed(4)
    return LoadedModel(f"toy/{mixing}", Toy(mixing, unused_blocks=unused_blocks).eval(), None)


@pytest.fixture(scope="session")
def make_toy() -> Callable[..., LoadedModel]:
    return toy


@pytest.fixture(scope="session")
def make_tokenizer() -> Callable[..., PreTrainedTokenizerFast]:
    return word_tokenizer
