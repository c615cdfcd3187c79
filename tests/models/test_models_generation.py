from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoints import llama_config, save_checkpoint

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.generation import (
    ContextOverflow,
    encode_prompt,
    generate,
    generate_alone,
    render_prompt,
)
from gaugeblock.models.loading import LoadedModel, load_files
from gaugeblock.models.requests import GenerationRequest
from gaugeblock.models.sampling import ExactReporter, sample
from gaugeblock.models.token_text import TokenBytes


@pytest.fixture(scope="module", params=["llama", "gpt2"])
def loaded(request: pytest.FixtureRequest, llama_dir: Path, gpt2_dir: Path) -> LoadedModel:
    return load_files(llama_dir if request.param == "llama" else gpt2_dir)


@pytest.fixture(scope="module")
def llama(llama_dir: Path) -> LoadedModel:
    return load_files(llama_dir)


def ask(loaded: LoadedModel, words: str, **settings: Any) -> GenerationRequest:
    text = render_prompt(loaded.tokenizer, [{"role": "user", "content": words}])
    return GenerationRequest(prompt=encode_prompt(loaded.tokenizer, text), **settings)


def mixed(loaded: LoadedModel) -> list[GenerationRequest]:
    return [
        ask(
            loaded,
            "Hello auditor. " * (1 + 3 * (i % 4)),
            max_tokens=5 + 4 * i,
            temperature=0.0 if i % 3 == 0 else 0.9,
            top_p=0.8 if i % 2 else 1.0,
            seed=i,
            logprobs=i % 2 == 0,
            top_logprobs=i,
        )
        for i in range(9)
    ]


def test_a_result_does_not_depend_on_the_batch(loaded: LoadedModel) -> None:
    requests = mixed(loaded)
    together = generate(loaded, requests, max_batch=4)
    for request, result in zip(requests, together, strict=True):
        alone = generate(loaded, [request])[0]
        assert result.tokens == alone.tokens
        assert (result.text, result.finish) == (alone.text, alone.finish)
        # And transformers' own loop, with its own cache, comes to the same.
        assert generate_alone(loaded, request).tokens == result.tokens


def test_logprobs_are_the_sampled_tokens_own(loaded: LoadedModel) -> None:
    requests = [replace(r, logprobs=True, top_logprobs=5) for r in mixed(loaded)]
    for request, result in zip(requests, generate(loaded, requests), strict=True):
        with torch.inference_mode():
            ids = torch.tensor([request.prompt + result.tokens])
            expected = loaded.model(ids).logits[0].log_softmax(-1)[len(request.prompt) - 1 : -1]
        assert result.logprobs is not None
        assert len(result.logprobs) == len(result.tokens)
        for row, token, said in zip(expected, result.tokens, result.logprobs, strict=True):
            assert said.token_id == token
            assert said.logprob == pytest.approx(float(row[token]), abs=1e-4)
            values = [top.logprob for top in said.top]
            assert values == pytest.approx(row.topk(5).values.tolist(), abs=1e-4)
    sampled = [r for r in generate(loaded, requests) if r.logprobs]
    below_best = [
        said for r in sampled for said in r.logprobs or () if said.logprob < said.top[0].logprob
    ]
    assert below_best, "at temperature 0.9 some sampled tokens are not the most probable ones"


def test_the_seed_decides_the_sample(llama: LoadedModel) -> None:
    hot = ask(llama, "Hello", max_tokens=12, temperature=1.0)
    first, again, other = (
        generate(llama, [replace(hot, seed=seed)])[0].tokens for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_samples_follow_the_distribution() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.15, 0.05]]))
    uniform = [(i + 0.5) / 1000 for i in range(1000)]
    rows = logits.repeat(1000, 1)
    counts = torch.bincount(sample(rows, [1.0] * 1000, [1.0] * 1000, uniform), minlength=4)
    assert counts.tolist() == [500, 300, 150, 50]
    cut = torch.bincount(sample(rows, [1.0] * 1000, [0.7] * 1000, uniform), minlength=4)
    assert cut.tolist() == [625, 375, 0, 0]
    sharp = torch.bincount(sample(rows, [0.5] * 1000, [1.0] * 1000, uniform), minlength=4)
    squares = [0.25, 0.09, 0.0225, 0.0025]
    assert sharp.tolist() == pytest.approx([1000 * s / sum(squares) for s in squares], abs=1)
    assert sample(rows[:1], [0.0], [1.0], [0.99]).tolist() == [0]
    assert sample(rows[:1], [1.0], [1.0], [1 - 1e-16]).tolist() == [3]


def test_a_masked_token_is_reported_as_a_number_json_has(llama: LoadedModel) -> None:
    request = ask(llama, "Hello", max_tokens=1, logprobs=True, top_logprobs=3)

    class Masking(ExactReporter):
        def hold(self, logits: torch.Tensor) -> torch.Tensor:
            best = logits.argmax(-1, keepdim=True)
            return torch.full_like(logits, float("-inf")).scatter(1, best, 0.0)

    said = generate(llama, [request], report=Masking())[0].logprobs
    assert said is not None
    assert [top.logprob for top in said[0].top] == [0.0, -9999.0, -9999.0]


def test_stop_strings_end_a_text_across_tokens(llama: LoadedModel) -> None:
    request = ask(llama, "Tell", max_tokens=40)
    text = generate(llama, [request])[0].text
    clean = [text[i : i + 3] for i in range(2, len(text) - 3) if "\ufffd" not in text[i : i + 3]]
    stop = clean[0]
    result = generate(llama, [replace(request, stop=("never there", stop))])[0]
    assert result.finish == "stop"
    assert result.text == text[: text.index(stop)]
    token = result.tokens[-1]
    cut = generate(llama, [replace(request, stop_ids=(token,))])[0]
    assert cut.tokens == result.tokens[: result.tokens.index(token) + 1]
    assert cut.finish == "stop"


def test_end_token_and_length(llama: LoadedModel) -> None:
    request = ask(llama, "Hello", max_tokens=7)
    result = generate(llama, [request])[0]
    assert (result.finish, len(result.tokens)) == ("length", 7)
    assert result.prompt_tokens == len(request.prompt)
    ending = LoadedModel("m", llama.model, llama.tokenizer)
    old = llama.model.generation_config.eos_token_id
    llama.model.generation_config.eos_token_id = [result.tokens[4]]
    try:
        stopped = generate(ending, [request])[0]
    finally:
        llama.model.generation_config.eos_token_id = old
    first = result.tokens.index(result.tokens[4])
    assert (stopped.finish, stopped.tokens) == ("stop", result.tokens[: first + 1])
    assert stopped.text == llama.tokenizer.decode(list(result.tokens[:first]))


def test_the_context_is_a_hard_end(tmp_path: Path) -> None:
    small = load_files(save_checkpoint(tmp_path / "m", llama_config(max_position_embeddings=40)))
    request = ask(small, "Hi", max_tokens=100)
    result = generate(small, [request])[0]
    assert (result.finish, len(request.prompt) + len(result.tokens)) == ("length", 40)
    with pytest.raises(ContextOverflow, match="context is 40"):
        generate(small, [ask(small, "Hi " * 60)])


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": ()},
        {"prompt": (10**6,)},
        {"prompt": (-1,)},
        {"max_tokens": 0},
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"top_logprobs": -1},
        {"stop": ("",)},
    ],
)
def test_requests_out_of_range_are_refused(llama: LoadedModel, wrong: dict[str, Any]) -> None:
    with pytest.raises(GaugeblockError):
        generate(llama, [replace(ask(llama, "Hello"), **wrong)])


def test_a_windowed_and_a_recurrent_model(tmp_path: Path) -> None:
    from transformers import MambaConfig, MistralConfig

    from gaugeblock.models.kv_slots import slot_layers

    shape = {"hidden_size": 32, "num_hidden_layers": 2}
    windowed = MistralConfig(
        intermediate_size=64,
        num_attention_heads=4,
        num_key_value_heads=2,
        sliding_window=8,
        max_position_embeddings=512,
        **shape,
    )
    recurrent = MambaConfig(state_size=4, **shape)
    assert (slot_layers(windowed), slot_layers(recurrent)) == (2, None)
    for name, config in (("windowed", windowed), ("recurrent", recurrent)):
        model = load_files(save_checkpoint(tmp_path / name, config))
        requests = [ask(model, "Hello " * n, max_tokens=6 + n) for n in (1, 12, 5)]
        for request, result in zip(requests, generate(model, requests), strict=True):
            assert result.tokens == generate_alone(model, request).tokens


def test_token_bytes_spell_the_text(llama: LoadedModel) -> None:
    spell = TokenBytes(llama.tokenizer)
    text = "Ünïcödé 日本語 🙂 <think> plain"
    ids = llama.tokenizer.encode(text, add_special_tokens=False)
    assert b"".join(spell(token) for token in ids) == text.encode()
    assert spell(10**7) == b""


def test_prompts_need_a_template(llama: LoadedModel) -> None:
    rendered = render_prompt(
        llama.tokenizer,
        [
            {"role": "system", "content": "S"},
            {
                "role": "assistant",
                "content": "W",
                "reasoning_content": "R",
                "tool_calls": [
                    {"type": "function", "function": {"name": "f", "arguments": {"x": 1}}}
                ],
            },
            {"role": "tool", "name": "f", "content": "ok"},
        ],
        [{"type": "function", "function": {"name": "f"}}],
    )
    assert "<think>R</think>\nW\n<tool_call>" in rendered
    assert '{"name": "f", "arguments": {"x": 1}}' in rendered
    assert rendered.endswith("f: ok<|im_end|>\n<|im_start|>assistant\n")

    class Bare:
        chat_template = None
        name_or_path = "bare"

    with pytest.raises(GaugeblockError, match="bare: the tokenizer has no chat template"):
        render_prompt(Bare(), [])
