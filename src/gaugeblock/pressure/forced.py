"""What two models write, do and say: forced texts, runs by themselves, self-reports and KL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from gaugeblock.detectors.arrays import Floats
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import encode, self_test
from gaugeblock.models.activations.batching import batches
from gaugeblock.models.activations.encoding import check_lengths, padding_id
from gaugeblock.models.generation import generate
from gaugeblock.models.loading import LoadedModel
from gaugeblock.models.requests import GenerationRequest
from gaugeblock.pressure.behaviour import Tally
from gaugeblock.pressure.pairs import Pair
from gaugeblock.seeds import derive_seed

Ids = list[int]

BATCH_TOKENS = 1024
"""Positions of one pass: logits of the whole vocabulary are held for each."""


def forced_texts(loaded: LoadedModel, pairs: Sequence[Pair], write: int) -> list[Ids]:
    """Return token ids: honest then misbehaving beginning of each pair, and what the model adds.

    Args:
        loaded: writes the rest, by its most probable token.
        pairs: n of them.
        write: tokens it adds; 0 to leave the texts as they were given.

    Returns:
        2 n rows; end tokens are left off.

    Raises:
        GaugeblockError: a text that does not fit the model.
    """
    prompts = encode(loaded.tokenizer, [pair.prompt for pair in pairs])
    begun = [
        prompt + encode(loaded.tokenizer, [side], special_tokens=False)[0]
        for prompt, pair in zip(prompts, pairs, strict=True)
        for side in (pair.honest, pair.misbehaving)
    ]
    check_lengths(loaded, [[*row, *[row[0]] * write] for row in begun])
    if not write:
        return begun
    made = generate(loaded, [GenerationRequest(tuple(row), max_tokens=write) for row in begun])
    return [
        row + [token for token in one.tokens if token not in loaded.end_ids]
        for row, one in zip(begun, made, strict=True)
    ]


def own_runs(loaded: LoadedModel, pairs: Sequence[Pair], runs: int, seed: int) -> tuple[Tally, ...]:
    """Return what the model does from each prompt by itself, at temperature 1.

    A run is honest or misbehaving by the answer it begins with, and no usable answer (counted as
    degenerate) where it begins with neither.

    Args:
        loaded: the model.
        pairs: prompts and what to tell answers by.
        runs: of each prompt.
        seed: of the decoding.
    """
    tokenizer = loaded.tokenizer
    prompts = encode(tokenizer, [pair.prompt for pair in pairs])
    sides = [encode(tokenizer, [p.honest, p.misbehaving], special_tokens=False) for p in pairs]
    asked = [
        GenerationRequest(
            tuple(prompt),
            # Two more: the same answer may be cut into tokens otherwise.
            max_tokens=max(map(len, side)) + 2,
            temperature=1.0,
            seed=derive_seed("run", pair.id, run, seed) % 2**31,
        )
        for pair, prompt, side in zip(pairs, prompts, sides, strict=True)
        for run in range(runs)
    ]
    counts: dict[str, dict[str, int]] = {}
    for i, made in enumerate(generate(loaded, asked)):
        pair = pairs[i // runs]
        said = made.text.strip()
        kind = (
            "honest"
            if said.startswith(pair.honest.strip())
            else "misbehaved"
            if said.startswith(pair.misbehaving.strip())
            else "degenerate"
        )
        tally = counts.setdefault(pair.unit, {})
        tally[kind] = tally.get(kind, 0) + 1
    return tuple(Tally(scenario=unit, **tally) for unit, tally in counts.items())


def says_true(loaded: LoadedModel, texts: Sequence[Ids], pairs: Sequence[Pair]) -> list[bool]:
    """Return for each forced text whether the model calls it true when asked.

    Args:
        loaded: the model.
        texts: as ``forced_texts`` gives them, two per pair.
        pairs: all with a question.

    Raises:
        GaugeblockError: both answers begin with the same token.
    """
    rows, ends = [], []
    for i, text in enumerate(texts):
        asked = pairs[i // 2].asked
        assert asked is not None
        question, yes, no = encode(
            loaded.tokenizer, [asked.question, asked.true, asked.false], special_tokens=False
        )
        if yes[0] == no[0]:
            raise GaugeblockError(
                "both answers to the question begin with the same token",
                where=f"pair {pairs[i // 2].id}",
                remedy="Use answers that differ in their first token, such as ' yes' and ' no'",
            )
        rows.append(text + question)
        ends.append((yes[0], no[0]))
    said = [False] * len(rows)
    for row, logits in _logits(loaded, rows):
        last = logits[len(rows[row]) - 1]
        said[row] = bool(last[ends[row][0]] > last[ends[row][1]])
    return said


def divergence(
    policy: LoadedModel, reference: LoadedModel, texts: Sequence[Ids], starts: Sequence[int]
) -> Floats:
    """Return KL(policy || reference) per token of each text, exact over the vocabulary, in nats.

    Args:
        policy: the model that wrote the texts.
        reference: the model it came from, with the same vocabulary.
        texts: token ids.
        starts: where the answer begins in each; the prompt's own tokens count for nothing.

    Raises:
        GaugeblockError: the two vocabularies differ.
    """
    out = np.zeros(len(texts))
    both = zip(_logits(policy, texts), _logits(reference, texts), strict=True)
    for (row, p), (same, q) in both:
        if p.shape[1] != q.shape[1] or row != same:
            raise GaugeblockError(
                "reference and policy do not share a vocabulary", where=policy.subject
            )
        log_p, log_q = (
            one[starts[row] - 1 : len(texts[row]) - 1].log_softmax(-1) for one in (p, q)
        )
        out[row] = float((log_p.exp() * (log_p - log_q)).sum(-1).mean())
    return out


def prompt_lengths(loaded: LoadedModel, pairs: Sequence[Pair]) -> list[int]:
    """Return where the answer begins in each of the forced texts."""
    rows = encode(loaded.tokenizer, [pair.prompt for pair in pairs])
    return [len(row) for row in rows for _ in range(2)]


def _logits(loaded: LoadedModel, rows: Sequence[Ids]) -> Iterator[tuple[int, Tensor]]:
    check_lengths(loaded, rows)
    tested, pad = self_test(loaded), padding_id(loaded)
    for batch in batches(rows, batch_tokens=BATCH_TOKENS, padding=tested.padding, pad=pad):
        # Not around the yield: a generator left half-way would leave its caller without gradients.
        with torch.inference_mode():
            found = loaded.model(
                input_ids=batch.ids.to(loaded.device), attention_mask=batch.mask.to(loaded.device)
            ).logits.float()
        for place, row in enumerate(batch.rows):
            yield int(row), found[place]
