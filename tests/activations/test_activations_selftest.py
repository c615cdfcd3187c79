from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import model_fingerprint, record, self_test, steer
from gaugeblock.models.loading import LoadedModel

ToyMaker = Callable[..., LoadedModel]
IDS = [[5, 6, 7], [9, 8], [11, 12, 13, 14, 15, 16], [20, 21, 22], [4, 4]]


def test_a_recurrent_model_without_attention_mask_is_read(make_toy: ToyMaker) -> None:
    result = self_test(make_toy())
    assert result.passed
    assert result.padding == "right"
    assert (result.block_path, result.layers, result.width) == ("blocks", 3, 16)


def test_a_model_that_padding_leaks_into_is_read_in_equal_lengths(make_toy: ToyMaker) -> None:
    leaky = make_toy("all positions")
    result = self_test(leaky)
    assert result.passed
    assert result.padding == "equal-length"
    together = record(leaky, IDS, at="mean")
    assert together.info.padding == "equal-length"
    alone = np.concatenate([record(leaky, [ids], at="mean").values for ids in IDS])
    np.testing.assert_allclose(together.values, alone, atol=1e-6)


def test_a_model_whose_texts_mix_is_refused(make_toy: ToyMaker) -> None:
    mixed = make_toy("other texts")
    assert [check.name for check in self_test(mixed).failures()] == ["batch", "padding"]
    with pytest.raises(GaugeblockError, match="self-test failed at batch"):
        record(mixed, IDS)


def test_a_block_list_that_the_model_does_not_use_is_refused(make_toy: ToyMaker) -> None:
    decoy = make_toy(unused_blocks=True)
    failed = {check.name for check in self_test(decoy).failures()}
    assert {"reinjection-moves", "steer-moves"} <= failed
    with pytest.raises(GaugeblockError, match="self-test failed"):
        record(decoy, IDS)


def test_weights_that_are_nan_are_refused(make_toy: ToyMaker) -> None:
    broken = make_toy()
    with torch.no_grad():
        broken.model.blocks[1].linear.weight[0, 0] = float("nan")
    with pytest.raises(GaugeblockError, match=r"self-test failed at finite: .*\[1, 2\]"):
        record(broken, IDS)


def test_training_mode_is_refused(make_toy: ToyMaker) -> None:
    training = make_toy()
    training.model.train()
    with pytest.raises(GaugeblockError, match="training mode"):
        record(training, IDS)


def test_the_result_is_kept_until_the_weights_change(llama: LoadedModel) -> None:
    own = LoadedModel("copy", copy.deepcopy(llama.model), llama.tokenizer)
    first = self_test(own)
    assert self_test(own) is first
    assert first.fingerprint == model_fingerprint(llama.model)
    with torch.no_grad():
        own.model.model.layers[2].mlp.up_proj.weight[0, 0] += 1
    assert self_test(own).fingerprint != first.fingerprint


def test_interventions_in_force_do_not_reach_the_self_test(gpt2: LoadedModel) -> None:
    fresh = LoadedModel("copy", copy.deepcopy(gpt2.model), None)
    plain = record(gpt2, IDS).values
    with steer(fresh.model, 0, np.ones(32), 50.0):
        steered = record(fresh, IDS).values
    assert self_test(fresh).checks == self_test(gpt2).checks
    assert np.abs(steered - plain).max() > 1
    np.testing.assert_array_equal(record(fresh, IDS).values, plain)


def test_lower_precision_has_its_own_row_of_limits(llama: LoadedModel) -> None:
    low = LoadedModel("low", copy.deepcopy(llama.model).to(torch.bfloat16), llama.tokenizer)
    result = self_test(low)
    assert result.passed
    assert {check.name: check.limit for check in result.checks}["batch"] == 5e-2
