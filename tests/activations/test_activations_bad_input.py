from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from transformers import AutoModel, BartConfig, PreTrainedTokenizerFast

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import (
    ClassMoments,
    TokenMask,
    find_blocks,
    patch,
    record,
    record_tokens,
    self_test,
    steer,
    stream,
)
from gaugeblock.models.loading import LoadedModel

IDS = [[5, 6, 7], [9, 8]]
TokenizerMaker = Callable[..., PreTrainedTokenizerFast]


@pytest.mark.parametrize("layer", [4, -1, 1.0, True, "last"])
def test_a_layer_that_does_not_exist(llama: LoadedModel, layer: object) -> None:
    with pytest.raises(GaugeblockError, match=r"does not exist.*blocks 0 to 3"):
        record(llama, IDS, [layer])  # type: ignore[list-item]
    with (
        pytest.raises(GaugeblockError, match="layer 4 does not exist"),
        steer(llama.model, 4, np.ones(32), 1.0),
    ):
        pass


@pytest.mark.parametrize(
    ("layers", "match"),
    [([], "no layer"), ([1, 1], "twice"), ("first", "not a choice of layers")],
)
def test_a_choice_of_layers_that_makes_no_sense(
    llama: LoadedModel, layers: object, match: str
) -> None:
    with pytest.raises(GaugeblockError, match=match):
        record(llama, IDS, layers)  # type: ignore[arg-type]


def test_an_activation_that_is_nan_names_text_and_layer(llama: LoadedModel) -> None:
    push = torch.zeros(32)

    def poison(_module: object, _args: object, output: torch.Tensor) -> torch.Tensor:
        return output + push * torch.where(output.isfinite(), float("nan"), 0.0)

    self_test(llama)
    push[3] = 1.0
    handle = llama.model.model.layers[2].register_forward_hook(poison)
    try:
        with pytest.raises(GaugeblockError, match="text 0: NaN or infinite activations at layer 2"):
            record(llama, IDS)
        with pytest.raises(GaugeblockError, match="NaN or infinite activations at layer 2"):
            record_tokens(llama, IDS)
    finally:
        handle.remove()


def test_a_tokenizer_without_padding(
    make_toy: Callable[..., LoadedModel], make_tokenizer: TokenizerMaker
) -> None:
    bare = make_toy()
    bare.model.config.pad_token_id = None
    without = LoadedModel("no-padding", bare.model, make_tokenizer(pad=False))
    with pytest.raises(GaugeblockError, match=r"no-padding: neither .* Set tokenizer.pad_token"):
        record(without, ["a horse"])


def test_a_second_bos(llama: LoadedModel) -> None:
    with pytest.raises(GaugeblockError, match=r"text 1: .*second one.*special_tokens=False"):
        record(llama, ["a horse", "<s> a horse"])
    assert record(llama, ["<s> a horse"], special_tokens=False).info.tokens == 3


@pytest.mark.parametrize(
    ("texts", "match"),
    [
        ([[5], []], "text 1: the text has no tokens"),
        ([[5], [64]], "text 1: a token id is outside"),
        ([[5] * 65], "text 0: the text has 65 tokens and the model takes 64"),
        ([], "no texts"),
    ],
)
def test_texts_that_cannot_be_read(llama: LoadedModel, texts: object, match: str) -> None:
    for reader in (record, record_tokens):
        with pytest.raises(GaugeblockError, match=match):
            reader(llama, texts)


def test_text_for_a_model_without_tokenizer(gpt2: LoadedModel) -> None:
    with pytest.raises(GaugeblockError, match="no tokenizer"):
        record(gpt2, ["a horse"])


@pytest.mark.parametrize(
    ("masks", "match"),
    [
        ([[True] * 3], "1 masks but more texts"),
        ([[True] * 2, [True] * 2], "text 0: the mask has shape"),
        ([[True] * 3, [False] * 2], "text 1: the mask chooses no token"),
    ],
)
def test_masks_that_do_not_fit(llama: LoadedModel, masks: list[list[bool]], match: str) -> None:
    with pytest.raises(GaugeblockError, match=match):
        record(llama, IDS, at=TokenMask([np.array(mask) for mask in masks]))


def test_a_pooling_that_does_not_exist(llama: LoadedModel) -> None:
    with pytest.raises(GaugeblockError, match="'first' is not a pooling"):
        record(llama, IDS, at="first")  # type: ignore[arg-type]


def test_two_stacks_of_blocks_are_ambiguous() -> None:
    config = BartConfig(
        vocab_size=64, d_model=16, encoder_layers=2, decoder_layers=2, encoder_ffn_dim=16,
        decoder_ffn_dim=16, encoder_attention_heads=2, decoder_attention_heads=2,
    )  # fmt: skip
    with pytest.raises(GaugeblockError, match=r"2 lists .*encoder\.layers, decoder\.layers"):
        find_blocks(AutoModel.from_config(config))


def test_float16_that_overflows(llama: LoadedModel) -> None:
    with (
        steer(llama.model, 3, np.full(32, 1e6), 1.0),
        pytest.raises(GaugeblockError, match="exceeds 65504"),
    ):
        record(llama, IDS, dtype="float16")


def test_fewer_labels_than_texts(llama: LoadedModel) -> None:
    with pytest.raises(GaugeblockError, match="1 labels but more texts"):
        stream(llama, IDS, [ClassMoments([0])])


@pytest.mark.parametrize("values", [np.ones(31), np.ones((2, 32)), np.full(32, np.nan)])
def test_a_direction_that_does_not_fit(llama: LoadedModel, values: np.ndarray) -> None:
    with pytest.raises(GaugeblockError, match="direction: "), steer(llama.model, 0, values, 1.0):
        pass


def test_values_of_another_batch(llama: LoadedModel) -> None:
    with (
        patch(llama.model, 1, np.zeros((3, 32)), at=[0, 0, 0]),
        pytest.raises(GaugeblockError, match="do not fit a batch of shape"),
    ):
        llama.model(input_ids=torch.tensor([[5, 6]]))
