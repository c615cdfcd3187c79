"""Throughput of batched generation beside transformers' own ``generate``, in one run.

Both decode the same prompts greedily on the same random model of the built-in family's shape
(5 layers, width 128, one CPU thread). ``even`` replies all have 60 tokens; ``uneven`` ones 15 to
120, which is what replies are like. Rounds alternate and the best of each is kept. What is
measured is processor time, which for one thread is the wall time of a machine that does nothing
else. Useful tokens only are counted.

    python benchmarks/generation.py [--rounds 3] [--subject builtin/base]
"""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from transformers import __version__ as transformers_version

from gaugeblock.models.generation import generate
from gaugeblock.models.loading import LoadedModel, load_subject
from gaugeblock.models.requests import GenerationRequest

RESULTS = Path(__file__).parent / "results" / "generation.md"
REQUESTS = 64


def random_model() -> LoadedModel:
    from tokenizers import Tokenizer, models

    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=2048,
        hidden_size=128,
        intermediate_size=336,
        num_hidden_layers=5,
        num_attention_heads=4,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        eos_token_id=None,
        bos_token_id=None,
    )
    vocabulary = {f"t{i} ": i for i in range(config.vocab_size)}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(vocabulary, unk_token="t0 "))
    )
    return LoadedModel("random", LlamaForCausalLM(config).eval(), tokenizer)


def requests(uneven: bool, vocabulary: int) -> list[GenerationRequest]:
    stream = torch.Generator().manual_seed(1)
    found = []
    for index in range(REQUESTS):
        length = 100 + 10 * (index % 20)
        prompt = torch.randint(5, vocabulary, (length,), generator=stream).tolist()
        found.append(
            GenerationRequest(tuple(prompt), max_tokens=15 * (1 + index % 8) if uneven else 60)
        )
    return found


def theirs(loaded: LoadedModel, items: list[GenerationRequest], batch: int) -> None:
    for start in range(0, len(items), batch):
        group = items[start : start + batch]
        longest = max(len(item.prompt) for item in group)
        ids = torch.zeros(len(group), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, item in enumerate(group):
            ids[row, longest - len(item.prompt) :] = torch.tensor(item.prompt)
            mask[row, longest - len(item.prompt) :] = 1
        with torch.inference_mode():
            loaded.model.generate(
                ids,
                attention_mask=mask,
                max_new_tokens=max(item.max_tokens for item in group),
                do_sample=False,
                eos_token_id=None,
                pad_token_id=0,
            )


def timed(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--subject", help="a local subject instead of the random model")
    options = parser.parse_args()
    loaded = load_subject(options.subject) if options.subject else random_model()
    # An early end would make the two do different work.
    loaded.model.generation_config.eos_token_id = None
    loaded.model.config.eos_token_id = None
    loaded.tokenizer.eos_token = None
    lines = [
        "| replies | rows | gaugeblock, tokens/CPU s | transformers, tokens/CPU s | ratio |",
        "|---|---|---|---|---|",
    ]
    for name, uneven in (("even", False), ("uneven", True)):
        items = requests(uneven, loaded.model.config.vocab_size)
        for batch in (16, 64):
            useful = sum(item.max_tokens for item in items)
            work: list[Callable[[], object]] = [
                lambda: generate(loaded, items, max_batch=batch),  # noqa: B023
                lambda: theirs(loaded, items, batch),  # noqa: B023
            ]
            best = [float("inf")] * 2
            for _ in range(options.rounds):
                for index, one in enumerate(work):
                    best[index] = min(best[index], timed(one))
            ours, other = useful / best[0], useful / best[1]
            lines.append(f"| {name} | {batch} | {ours:,.0f} | {other:,.0f} | {ours / other:.2f} |")
            print(lines[-1], flush=True)
    head = (
        f"# Batched generation, {loaded.subject} model\n\n"
        f"`python benchmarks/generation.py`: {REQUESTS} requests with prompts of 100 to 290 "
        f"tokens, best of {options.rounds} alternating rounds, one thread; torch "
        f"{torch.__version__}, transformers {transformers_version}, {platform.machine()}.\n\n"
    )
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
