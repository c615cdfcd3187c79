"""Do guaranteed intervals contain the truth, are they tight, and what does a wrong card do?

Simulates judgements through channels of every family: a judge answers with one of the digits 0
to 9 among other tokens; the truth is the expected digit under the logits before the channel.

    python benchmarks/judging_bounds.py --judgements 10000 --out benchmarks/results
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import linprog

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds import Box, box_of, expected_score, statistical_box
from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.spec import ChannelSpec

SCORES = np.arange(10.0)
VOCABULARY = 400
CHANNELS = {
    "none": ChannelSpec(),
    "step 1/8": ChannelSpec(family="step", step=0.125),
    "step 0.1 on logprobs": ChannelSpec(family="step", step=0.1, step_of="logprob"),
    "bf16": ChannelSpec(family="bf16"),
    "bf16, range known": ChannelSpec(family="bf16", top_logit=(0.0, 64.0)),
    "fp16": ChannelSpec(family="fp16"),
    "softcap 50": ChannelSpec(family="softcap", cap=50.0),
    "softcap 30": ChannelSpec(family="softcap", cap=30.0),
    "bf16 logprobs": ChannelSpec(family="float_logprob", precision=8),
    "fp16 logprobs": ChannelSpec(family="float_logprob", precision=11),
}
WRONG = {
    "bf16 taken for step 1/16": ("bf16", ChannelSpec(family="step", step=1 / 16)),
    "bf16 taken for no grid": ("bf16", ChannelSpec()),
    "softcap 50 taken for no grid": ("softcap 50", ChannelSpec()),
    "step 1/8 taken for bf16": ("step 1/8", ChannelSpec(family="bf16")),
    "bf16 taken for step 1/4": ("bf16", ChannelSpec(family="step", step=1 / 4)),
}


def draw_logits(rng: np.random.Generator) -> np.ndarray:
    """Draw logits of one judgement, shape (VOCABULARY,): digits first, then other tokens."""
    top = rng.uniform(10.0, 45.0)
    digits = top - rng.exponential(rng.choice([0.5, 2.0, 5.0]), 10)
    rest = top - rng.uniform(0.0, 4.0) - rng.exponential(4.0, VOCABULARY - 10)
    return np.concatenate([digits, rest])


def truth_of(spec: ChannelSpec, logits: np.ndarray) -> float:
    """Return the expected digit before rounding; a soft cap belongs to the model."""
    held = spec.cap * np.tanh(logits / spec.cap) if spec.cap else logits
    weight = np.exp(held[:10] - held[:10].max())
    return float(weight @ SCORES / weight.sum())


def judge(spec: ChannelSpec, card: ChannelSpec, rng: np.random.Generator, k: int):
    """Return the truth, the value, the box and the scores of one judgement."""
    logits = draw_logits(rng)
    reported = Channel(spec.model_copy(update={"k": k})).apply(logits, rng)
    scores = np.where(reported.ids < 10, reported.ids.astype(float), np.nan)
    hidden = sorted(set(SCORES) - set(scores[np.isfinite(scores)]))
    box = box_of(card, reported.logprobs)
    return truth_of(spec, logits), expected_score(box, scores, hidden), box, scores, hidden


def linear_programme(box: Box, scores: np.ndarray, hidden: list[float], sign: int) -> float:
    """Return the best end of the box problem by Charnes and Cooper's transformation."""
    use = np.isfinite(scores)
    every = np.concatenate([scores[use], hidden])
    low = np.concatenate([np.exp(box.low[use]), np.zeros(len(hidden))])
    high = np.concatenate([np.exp(box.high[use]), np.full(len(hidden), box.unseen_each)])
    n = every.size
    # Variables: weights times t, then t itself; the weights times t sum to one.
    upper = np.hstack([np.eye(n), -high[:, None]])
    lower = np.hstack([-np.eye(n), low[:, None]])
    total = np.concatenate([np.zeros(use.sum()), np.ones(len(hidden)), [-box.unseen_total]])
    rows = [upper, lower] + ([total[None, :]] if hidden and np.isfinite(box.unseen_total) else [])
    matrix = np.vstack(rows)
    scale = 1.0 / high.max()
    solved = linprog(
        np.concatenate([-sign * every, [0.0]]),
        A_ub=matrix,
        b_ub=np.zeros(len(matrix)),
        A_eq=np.concatenate([np.ones(n), [0.0]])[None, :],
        b_eq=[1.0],
        bounds=[(0, None)] * n + [(0, None)],
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert solved.status == 0, (solved.message, scale)
    return float(-sign * solved.fun)


def coverage(judgements: int, seed: int) -> dict[str, dict[str, float]]:
    """Return coverage, mean width and worst excess over the optimum for every channel."""
    table = {}
    for name, spec in CHANNELS.items():
        inside, widths, excess, errors = 0, [], 0.0, []
        count = judgements // len(CHANNELS)
        for i in range(count):
            rng = np.random.default_rng([seed, i])
            truth, value, box, scores, hidden = judge(spec, spec, rng, int(rng.choice([5, 8, 20])))
            inside += value.contains(truth)
            widths.append(value.width)
            if value.value is None:
                continue
            errors.append(abs(value.value - truth))
            if i < count // 10 and value.width > 1e-3:
                best = linear_programme(box, scores, hidden, 1)
                least = linear_programme(box, scores, hidden, -1)
                excess = max(excess, value.width / (best - least) - 1)
        table[name] = {
            "judgements": count,
            "inside": inside / count,
            "median_width": float(np.median(widths)),
            "largest_error": float(max(errors)),
            "worst_width_over_optimum": excess,
        }
    return table


def noisy(judgements: int, seed: int) -> dict[str, dict[str, float]]:
    """Return the coverage of 95 % intervals under noise; the judge lists every digit."""
    table = {}
    for sd in (0.01, 0.1, 0.3):
        for repeats in (1, 5):
            spec = ChannelSpec(family="noise", sd=sd, k=VOCABULARY)
            inside, count = 0, judgements // 2
            for i in range(count):
                rng = np.random.default_rng([seed, i, repeats, int(1000 * sd)])
                logits = draw_logits(rng)
                answers = []
                for _ in range(repeats):
                    reported = Channel(spec).apply(logits, rng)
                    answers.append(reported.logprobs[np.argsort(reported.ids)][:10])
                value = expected_score(statistical_box(spec, answers), SCORES)
                inside += value.contains(truth_of(spec, logits))
            table[f"sd {sd}, {repeats} calls"] = {"judgements": count, "inside": inside / count}
    return table


def wrong_cards(judgements: int, seed: int) -> dict[str, dict[str, float]]:
    """Return what happens to coverage when the card is another channel's."""
    table = {}
    for name, (true, card) in WRONG.items():
        inside, refused, count = 0, 0, judgements // 10
        for i in range(count):
            rng = np.random.default_rng([seed, i])
            try:
                truth, value, *_ = judge(CHANNELS[true], card, rng, 20)
            except GaugeblockError:
                refused += 1
                continue
            inside += value.contains(truth)
        answered = max(count - refused, 1)
        table[name] = {"refused": refused / count, "inside_of_answered": inside / answered}
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgements", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    result = {
        "guaranteed": coverage(options.judgements, options.seed),
        "noise": noisy(options.judgements, options.seed),
        "wrong_card": wrong_cards(options.judgements, options.seed),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1)
    (options.out / "judging_bounds.json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
