from __future__ import annotations

import numpy as np
import pytest
import torch

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import (
    Leace,
    ablate,
    erase,
    find_blocks,
    patch,
    record,
    record_tokens,
    steer,
)
from gaugeblock.models.loading import LoadedModel

IDS = [[5, 6, 7], [9, 8], [11, 12, 13, 14, 15, 16, 17, 18], [3], [20, 21, 22]]
ATOL = 3e-5


@pytest.fixture
def direction() -> np.ndarray:
    return np.random.default_rng(0).normal(size=32)


@pytest.mark.parametrize("name", ["llama", "gpt2", "bert"])
def test_steering_adds_alpha_times_the_direction_and_is_felt_downstream(
    name: str, direction: np.ndarray, request: pytest.FixtureRequest
) -> None:
    loaded = request.getfixturevalue(name)
    plain = record_tokens(loaded, IDS).values
    with steer(loaded.model, 1, direction, -2.5):
        steered = record_tokens(loaded, IDS).values
    np.testing.assert_allclose(
        steered[1] - plain[1], np.broadcast_to(-2.5 * direction, (17, 32)), atol=ATOL
    )
    np.testing.assert_array_equal(steered[0], plain[0])
    assert np.abs(steered[3] - plain[3]).min(axis=1).max() > 1e-3
    np.testing.assert_array_equal(record_tokens(loaded, IDS).values, plain)


def test_alpha_zero_is_the_identity_to_the_last_bit(
    llama: LoadedModel, direction: np.ndarray
) -> None:
    plain = record(llama, IDS).values
    with steer(llama.model, [0, 1, 2, 3], direction, 0.0):
        np.testing.assert_array_equal(record(llama, IDS).values, plain)


def test_opposite_pushes_nest_and_cancel(llama: LoadedModel, direction: np.ndarray) -> None:
    plain = record(llama, IDS).values
    with steer(llama.model, 2, direction, 1.5), steer(llama.model, 2, direction, -1.5):
        np.testing.assert_allclose(record(llama, IDS).values, plain, atol=ATOL)


def test_generation_is_steered_at_every_step(llama: LoadedModel, direction: np.ndarray) -> None:
    seen: list[torch.Tensor] = []
    prompt = torch.tensor([[5, 6, 7]])
    with steer(llama.model, 3, direction, 1e4):
        handle = (
            find_blocks(llama.model)
            .modules[3]
            .register_forward_hook(
                lambda _module, _args, output: seen.append(output[0, -1].detach())
            )
        )
        llama.model.generate(prompt, max_new_tokens=4, min_new_tokens=4, do_sample=False)
        handle.remove()
    cosines = [torch.cosine_similarity(h.double(), torch.tensor(direction), dim=0) for h in seen]
    assert len(seen) == 4
    assert min(cosines) > 0.999


def test_a_direction_keeps_its_gradient(llama: LoadedModel, direction: np.ndarray) -> None:
    push = torch.tensor(direction, dtype=torch.float32, requires_grad=True)
    with steer(llama.model, 1, push, 1.0):
        llama.model(input_ids=torch.tensor([[5, 6]])).logits[0, -1, 3].backward()
    assert push.grad is not None
    assert float(push.grad.norm()) > 0


def test_an_error_inside_leaves_no_hook_behind(llama: LoadedModel, direction: np.ndarray) -> None:
    plain = record(llama, IDS).values
    with pytest.raises(ZeroDivisionError), steer(llama.model, 1, direction, 9.0):
        raise ZeroDivisionError
    np.testing.assert_array_equal(record(llama, IDS).values, plain)


def test_ablation_leaves_nothing_along_the_span_and_the_rest_alone(
    llama: LoadedModel, direction: np.ndarray
) -> None:
    span = np.stack([direction, np.random.default_rng(1).normal(size=32) + direction])
    plain = record(llama, IDS).layer(2)
    with ablate(llama.model, 2, span):
        ablated = record(llama, IDS).layer(2)
    np.testing.assert_allclose(ablated @ span.T, 0, atol=1e-4)
    basis = np.linalg.qr(span.T)[0]
    np.testing.assert_allclose(ablated, plain - plain @ basis @ basis.T, atol=ATOL)


def test_mean_ablation_leaves_the_mean_component(llama: LoadedModel, direction: np.ndarray) -> None:
    mean = record(llama, IDS).layer(2).mean(axis=0)
    with ablate(llama.model, [1, 2], direction, mean):
        ablated = record(llama, IDS).layer(2)
    np.testing.assert_allclose(ablated @ direction, mean @ direction, atol=1e-4)


def test_dependent_directions_are_refused(llama: LoadedModel, direction: np.ndarray) -> None:
    for span in (np.stack([direction, 2 * direction]), np.zeros(32)):
        with pytest.raises(GaugeblockError, match="depends on"), ablate(llama.model, 2, span):
            pass


def test_erasing_in_the_model_equals_erasing_what_was_read(llama: LoadedModel) -> None:
    rng = np.random.default_rng(2)
    texts = [rng.integers(3, 60, size=6).tolist() for _ in range(60)]
    labels = np.arange(60) % 2
    plain = record(llama, texts).layer(1)
    eraser = Leace.fit(plain, labels)
    with erase(llama.model, 1, eraser):
        erased = record(llama, texts).layer(1)
    np.testing.assert_allclose(erased, eraser(plain), atol=1e-4)
    gap = erased[labels == 1].mean(axis=0) - erased[labels == 0].mean(axis=0)
    np.testing.assert_allclose(gap, 0, atol=1e-4)


@pytest.mark.parametrize("name", ["llama", "gpt2", "bert"])
def test_patching_everything_at_one_layer_makes_the_other_run(
    name: str, request: pytest.FixtureRequest
) -> None:
    loaded = request.getfixturevalue(name)
    other = record_tokens(loaded, [IDS[4]])
    with patch(loaded.model, 1, other.text(0)[1][None], at="all"):
        patched = record_tokens(loaded, [IDS[0]])
    np.testing.assert_allclose(patched.text(0)[2:], other.text(0)[2:], atol=ATOL)


def test_patching_the_last_token_finds_it_behind_padding(llama: LoadedModel) -> None:
    values = np.random.default_rng(3).normal(size=(2, 32))
    ids, mask = torch.tensor([[5, 6, 7], [9, 8, 0]]), torch.tensor([[1, 1, 1], [1, 1, 0]])
    seen: list[torch.Tensor] = []
    for at in ("last", [2, 1]):
        with patch(llama.model, 1, values, at=at), torch.no_grad():
            handle = llama.model.model.layers[1].register_forward_hook(
                lambda _module, _args, output: seen.append(output)
            )
            llama.model(input_ids=ids, attention_mask=mask)
            handle.remove()
    np.testing.assert_allclose(seen[0][0, 2], values[0], atol=ATOL)
    np.testing.assert_allclose(seen[0][1, 1], values[1], atol=ATOL)
    np.testing.assert_array_equal(seen[0], seen[1])


def test_patching_along_a_direction_moves_only_that_component(
    llama: LoadedModel, direction: np.ndarray
) -> None:
    source, plain = record(llama, [IDS[4]]).layer(1), record(llama, [IDS[0]]).layer(1)
    with patch(llama.model, 1, source, at=[2], direction=direction):
        patched = record(llama, [IDS[0]]).layer(1)
    np.testing.assert_allclose(patched @ direction, source @ direction, atol=1e-3)
    moved = patched - plain
    unit = direction / np.linalg.norm(direction)
    np.testing.assert_allclose(moved, np.outer(moved @ unit, unit), atol=ATOL)
