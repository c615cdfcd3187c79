"""A server that no one here wrote (llama.cpp), probed and judged over HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch

from gaugeblock.judging.bounded.asking import SourceAsker
from gaugeblock.judging.bounded.judge import Judge
from gaugeblock.logprobs.bounds import make_answers, read_beginning
from gaugeblock.logprobs.client import HttpSource
from gaugeblock.logprobs.collect import collect
from gaugeblock.logprobs.probe import make_card
from gaugeblock.models.generation import encode_prompt, render_prompt
from gaugeblock.models.loading import load_subject
from gaugeblock.models.token_text import TokenBytes

xllamacpp = pytest.importorskip("xllamacpp", reason="xllamacpp (extra dev) is not installed")
pytest.importorskip("gguf", reason="gguf (extra dev) is not installed")

WORDING = "{material} {criterion} Answer {first} or {second}."


@pytest.fixture(scope="module")
def loaded():
    return load_subject("builtin/base")


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> Iterator[str]:
    from gguf_checkpoint import write_gguf

    base = Path(str(files("gaugeblock") / "weights" / "base"))
    # llama.cpp's Jinja does not know the tag that marks what is trained on.
    template = re.sub(
        r"\{%-? *(end)?generation *-?%\}", "", (base / "chat_template.jinja").read_text()
    )
    path = write_gguf(base, tmp_path_factory.mktemp("gguf") / "base.gguf", chat_template=template)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx, params.n_parallel, params.n_gpu_layers, params.port = 1024, 1, 0, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.verbosity, params.warmup = -1, False
    # Flash attention and a half-precision cache move logprobs by a hundredth of a nat.
    params.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    server = xllamacpp.Server(params)
    yield f"{server.listening_address}/v1"
    del server


def exact(loaded, prompt: str) -> np.ndarray:
    text = render_prompt(loaded.tokenizer, [{"role": "user", "content": prompt}], ())
    ids = torch.tensor([list(encode_prompt(loaded.tokenizer, text))])
    with torch.inference_mode():
        logits = loaded.model(input_ids=ids).logits[0, -1].double()
    return logits.log_softmax(-1).numpy()


def test_the_server_says_what_the_checkpoint_says(url, loaded):
    spell = TokenBytes(loaded.tokenizer)
    with HttpSource(url, "base") as source:
        for prompt in ("Is it so?", "Name a day of the week."):
            truth = exact(loaded, prompt)
            named = {spell(int(token)): truth[token] for token in np.argsort(-truth)[:200]}
            listed = source.ask(prompt, temperature=1.0, k=20).top
            # llama.cpp prints control tokens, the end of the text among them, as nothing.
            for entry in (entry for entry in listed if entry.key):
                assert entry.logprob == pytest.approx(named[entry.key], abs=2e-3)


def test_the_probe_finds_no_grid_and_healthy_rows(url):
    with HttpSource(url, "base") as source:
        card = make_card(collect(source, budget=24, k=20), source.name)
    assert card.family == "none"
    # A prompt asked again is read from the cache, which moves the last digits.
    assert card.repeats.kind in ("identical", "modes")
    assert card.temperature.convention == "unaffected"
    assert card.hygiene.k_effective == 20
    assert card.text_unchanged is True
    # Several control tokens print as nothing, and so as one token listed twice.
    assert {finding.code for finding in card.hygiene.findings} <= {"duplicate_tokens"}


def test_a_judgement_over_http_holds_the_truth(url, loaded):
    with HttpSource(url, "base") as source:
        verdict = asyncio.run(
            Judge(SourceAsker(source), wordings=[WORDING]).yes_no("A note.", "Is it so?")
        )
    answers = make_answers({"yes": "Yes", "no": "No"})
    spell = TokenBytes(loaded.tokenizer)
    least, most = [], []
    for first, second in (("Yes", "No"), ("No", "Yes")):
        prompt = WORDING.format(
            material="A note.", criterion="Is it so?", first=first, second=second
        )
        sure, begun = np.zeros(2), np.zeros(2)
        for token, p in enumerate(np.exp(exact(loaded, prompt))):
            meaning = read_beginning(spell(token), answers)
            if meaning.spelt is not None and meaning.settled:
                sure[meaning.spelt] += p
            for place in meaning.may_become:
                begun[place] += p
        least.append(sure[0] / (sure.sum() + begun[1] + 1e-300))
        most.append((sure[0] + begun[0]) / (sure.sum() + begun[0] + 1e-300))
    share = verdict.shares["yes"]
    assert share.guaranteed
    assert share.low - 1e-2 <= np.mean(least)
    assert np.mean(most) <= share.high + 1e-2
    assert verdict.method == "logprobs"
