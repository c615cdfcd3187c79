from __future__ import annotations

import numpy as np
import pytest
import torch

from gaugeblock.models.activations import (
    EMBEDDING,
    TokenMask,
    encode,
    find_blocks,
    record,
    record_tokens,
)
from gaugeblock.models.loading import LoadedModel

IDS = [[5, 6, 7], [9, 8], [11, 12, 13, 14, 15, 16, 17, 18], [3], [20, 21, 22]]


def unpadded_states(loaded: LoadedModel, ids: list[int]) -> list[np.ndarray]:
    """Return hidden_states of one text alone; entry i + 1 is block i's output but for the last."""
    model = getattr(loaded.model, "base_model", loaded.model)
    with torch.no_grad():
        output = model(input_ids=torch.tensor([ids]), output_hidden_states=True)
    return [state[0].numpy() for state in output.hidden_states]


@pytest.mark.parametrize("name", ["llama", "gpt2", "bert"])
@pytest.mark.parametrize("at", ["last", "mean", "max"])
def test_pooled_batches_equal_each_text_alone(
    name: str, at: str, request: pytest.FixtureRequest
) -> None:
    loaded = request.getfixturevalue(name)
    found = record(loaded, IDS, [EMBEDDING, 0, 2], at, batch_tokens=16)
    pool = {"last": lambda h: h[-1], "mean": lambda h: h.mean(0), "max": lambda h: h.max(0)}[at]
    for row, ids in enumerate(IDS):
        states = unpadded_states(loaded, ids)
        expected = np.stack([pool(states[index]) for index in (0, 1, 3)])
        np.testing.assert_allclose(found.values[row], expected, rtol=0, atol=2e-5)
    assert found.values.shape == (5, 3, 32)
    assert found.info.tokens == 17
    assert found.info.padding == "right"


def test_the_last_block_is_read_before_the_final_norm(llama: LoadedModel) -> None:
    last = torch.tensor(record(llama, IDS[:1], [3]).values[0, 0])
    normed = llama.model.model.norm(last).detach().numpy()
    np.testing.assert_allclose(normed, unpadded_states(llama, IDS[0])[-1][-1], atol=2e-5)


def test_tokens_are_ragged_and_agree_with_pooling(llama: LoadedModel) -> None:
    tokens = record_tokens(llama, IDS, [1, 3], batch_tokens=16)
    pooled = record(llama, IDS, [1, 3], "mean")
    assert tokens.values.shape == (2, 17, 32)
    for row, ids in enumerate(IDS):
        assert tokens.text(row).shape == (2, len(ids), 32)
        np.testing.assert_allclose(tokens.text(row).mean(axis=1), pooled.values[row], atol=2e-5)


def test_a_mask_pools_the_chosen_tokens_only(llama: LoadedModel) -> None:
    masks = [np.arange(len(ids)) % 2 == 0 for ids in IDS]
    tokens = record_tokens(llama, IDS)
    for pool, take in (("mean", np.mean), ("max", np.max)):
        found = record(llama, IDS, at=TokenMask(masks, pool))
        expected = [take(tokens.text(i)[:, mask], axis=1) for i, mask in enumerate(masks)]
        np.testing.assert_allclose(found.values, np.stack(expected), atol=2e-5)
    last = record(llama, IDS, at=TokenMask(masks, "last")).values[2]
    np.testing.assert_allclose(last, tokens.text(2)[:, 6], atol=2e-5)


def test_text_is_encoded_with_one_bos_and_positions_follow(llama: LoadedModel) -> None:
    ids = encode(llama.tokenizer, ["a horse is", "the moon"])
    assert ids == [[1, 3, 4, 5], [1, 9, 10]]
    from_text = record(llama, ["a horse is", "the moon"])
    from_ids = record(llama, ids)
    np.testing.assert_array_equal(from_text.values, from_ids.values)
    bare = record(llama, ["a horse is"], special_tokens=False)
    np.testing.assert_allclose(bare.values, record(llama, [[3, 4, 5]]).values, atol=1e-6)


def test_nothing_runs_after_the_last_wanted_layer(llama: LoadedModel) -> None:
    record(llama, IDS[:1])  # the self-test runs everything, so it must be over
    ran: list[str] = []
    blocks = find_blocks(llama.model)
    watched = {"head": llama.model.lm_head, "norm": llama.model.model.norm}
    watched |= {f"block {i}": block for i, block in enumerate(blocks.modules)}
    handles = [
        module.register_forward_pre_hook(lambda *_, name=name: ran.append(name))
        for name, module in watched.items()
    ]
    record(llama, IDS[:1], [1, 0])
    for handle in handles:
        handle.remove()
    assert ran == ["block 0", "block 1"]


def test_layers_come_in_the_order_asked_for(llama: LoadedModel) -> None:
    whole = record(llama, IDS)
    some = record(llama, IDS, [3, 1])
    np.testing.assert_array_equal(some.layer(1), whole.layer(1))
    np.testing.assert_array_equal(some.values[:, 0], whole.values[:, 3])
    np.testing.assert_array_equal(whole.take([4, 0]).values, whole.values[[4, 0]])


def test_half_precision_storage_keeps_three_digits(llama: LoadedModel) -> None:
    half = record(llama, IDS, dtype="float16")
    assert half.values.dtype == np.float16
    np.testing.assert_allclose(half.values, record(llama, IDS).values, rtol=1e-3, atol=1e-3)


def test_threads_are_set_inside_and_given_back(llama: LoadedModel) -> None:
    before = torch.get_num_threads()
    assert record(llama, IDS, threads=2).info.threads == 2
    assert torch.get_num_threads() == before
