"""What a channel teaches: a small student distilled from its answers, against full logits.

The teacher is a built-in model; the contexts are its own texts. A student sees, at every
position, what the channel says of the teacher (or one sampled token, or all logits), and is then
compared with the teacher itself on texts that it has not seen.

python benchmarks/channel_distillation.py --out benchmarks/results
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.spec_text import read_channel
from gaugeblock.models.generation import generate
from gaugeblock.models.loading import LoadedModel, load_subject
from gaugeblock.models.requests import GenerationRequest

CHANNELS = {
    "full logits": "all",
    "top 20, exact": "none,k=20",
    "top 20, bf16": "bf16,k=20",
    "top 20, step 2": "step,step=2,k=20",
    "top 20, noise 1": "noise,sd=1,k=20",
    "top 5, exact": "none,k=5",
    "top 1, exact": "none,k=1",
    "one sampled token": "sample",
}
LENGTH, WIDTH, LAYERS = 48, 64, 2


def texts(teacher: LoadedModel, count: int, seed: int) -> torch.Tensor:
    """Return texts that the teacher wrote after a random first token, shape (count, LENGTH)."""
    rng = np.random.default_rng(seed)
    requests = [
        GenerationRequest(
            prompt=(int(rng.integers(teacher.tokenizer.vocab_size)),),
            max_tokens=LENGTH - 1,
            temperature=1.0,
            seed=seed * 100_000 + i,
        )
        for i in range(count)
    ]
    rows = []
    for request, result in zip(requests, generate(teacher, requests), strict=True):
        ids = [*request.prompt, *result.tokens]
        # A text that ended goes on with the next one's beginning, as in packed training data.
        rows.append((ids * LENGTH)[:LENGTH])
    return torch.tensor(rows)


def teach(logits: np.ndarray, name: str, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what a channel says of each position: token ids and logprobs, each (n, k).

    The mass that is not listed is the student's to place: it is only held to its total.
    """
    rng = np.random.default_rng(seed)
    if name == "sample":
        uniform = rng.random((len(logits), 1))
        shifted = np.exp(logits - logits.max(1, keepdims=True))
        cumulative = np.cumsum(shifted / shifted.sum(1, keepdims=True), axis=1)
        ids = np.minimum((cumulative < uniform).sum(1), logits.shape[1] - 1)
        return torch.from_numpy(ids[:, None]), torch.zeros(len(logits), 1)
    channel = Channel(read_channel(name), seed)
    ids, values = [], []
    for row in logits:
        said = channel.apply(row, rng)
        ids.append(said.ids)
        values.append(said.logprobs)
    return torch.from_numpy(np.stack(ids)), torch.from_numpy(np.stack(values)).float()


def loss_of(
    guess: torch.Tensor, ids: torch.Tensor, values: torch.Tensor, everything: bool
) -> torch.Tensor:
    """Return the cross-entropy of the listed tokens and, as one class, of the rest."""
    own = torch.log_softmax(guess, -1)
    if everything:
        return -(values.exp() * own).sum(-1).mean()
    listed = own.gather(-1, ids)
    probability = values.exp()
    # Noise and steps can make a list sum to more than one.
    total = probability.sum(-1, keepdim=True).clamp(min=1.0)
    probability = probability / total
    rest = (1 - probability.sum(-1)).clamp(min=0.0)
    own_rest = torch.log1p(-listed.exp().sum(-1).clamp(max=1 - 1e-6))
    return -((probability * listed).sum(-1) + rest * own_rest).mean()


def student(vocabulary: int) -> nn.Module:
    """Return an untrained student, the same for every channel."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config)


def train(ids: torch.Tensor, teacher_logits: torch.Tensor, name: str, epochs: int) -> nn.Module:
    """Train a student on what one channel says of the teacher."""
    count, length, vocabulary = teacher_logits.shape
    everything = name == "all"
    if everything:
        values, listed = torch.log_softmax(teacher_logits, -1), torch.zeros(count, length, 1)
    else:
        flat = teacher_logits.reshape(-1, vocabulary).double().numpy()
        told, said = teach(flat, name, seed=5)
        listed, values = told.view(count, length, -1), said.view(count, length, -1)
    model = student(vocabulary)
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3, weight_decay=0.01)
    batch = 16
    steps = epochs * (count // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
    order = torch.Generator().manual_seed(1)
    for _ in range(epochs):
        for rows in torch.randperm(count, generator=order)[: count // batch * batch].split(batch):
            guess = model(input_ids=ids[rows]).logits
            loss = loss_of(guess, listed[rows].long(), values[rows], everything)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return model.eval()


@torch.inference_mode()
def compare(model: nn.Module, ids: torch.Tensor, teacher_logits: torch.Tensor) -> dict[str, float]:
    """Return KL(teacher, student) in nats and top-token agreement, with standard errors."""
    own = torch.log_softmax(model(input_ids=ids).logits, -1)
    theirs = torch.log_softmax(teacher_logits, -1)
    # Texts are the units: positions of one text depend on each other.
    divergence = (theirs.exp() * (theirs - own)).sum(-1).mean(1)
    agree = (own.argmax(-1) == theirs.argmax(-1)).float().mean(1)
    root = len(ids) ** 0.5
    return {
        "kl": float(divergence.mean()),
        "kl_se": float(divergence.std() / root),
        "agreement": float(agree.mean()),
        "agreement_se": float(agree.std() / root),
    }


@torch.inference_mode()
def outputs(teacher: LoadedModel, ids: torch.Tensor) -> torch.Tensor:
    """Return the teacher's logits at every position, (n, LENGTH, V)."""
    return torch.cat([teacher.model(input_ids=rows).logits for rows in ids.split(16)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=256)
    parser.add_argument("--held-out", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    teacher = load_subject("builtin/base")
    ids, fresh = texts(teacher, options.texts, 1), texts(teacher, options.held_out, 2)
    logits, truth = outputs(teacher, ids), outputs(teacher, fresh)
    rows = []
    untrained = compare(student(logits.shape[-1]).eval(), fresh, truth)
    for label, name in CHANNELS.items():
        began = time.process_time()
        rows.append(
            {"channel": label} | compare(train(ids, logits, name, options.epochs), fresh, truth)
        )
        print(rows[-1], f"{time.process_time() - began:.0f} s CPU", flush=True)
    facts = {
        "teacher": "builtin/base",
        "texts": options.texts,
        "positions": options.texts * LENGTH,
        "held_out_texts": options.held_out,
        "epochs": options.epochs,
        "untrained": untrained,
        "rows": rows,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "channel_distillation.json").write_text(json.dumps(facts, indent=1) + "\n")
    lines = [
        "| the student sees | nats from the teacher | same top token |",
        "|---|---|---|",
    ] + [
        f"| {row['channel']} | {row['kl']:.3f} ± {1.96 * row['kl_se']:.3f} "
        f"| {row['agreement']:.1%} ± {1.96 * row['agreement_se']:.1%} |"
        for row in rows
    ]
    (options.out / "channel_distillation.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
