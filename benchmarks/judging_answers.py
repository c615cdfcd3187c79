"""Do intervals of answers gathered by bytes contain the truth, and are they tight?

A judge may write "Yes", " yes", "**Yes", or begin with "Ye" or a blank, among 78 first tokens of
which the channel lists 3, 6 or 20; the truth sums all texts of two tokens. Each judgement asks for
the share, the probability and the log-odds of the answers and for a mean score.

    python benchmarks/judging_answers.py --judgements 10000 --out benchmarks/results
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import linprog
from scipy.special import log_softmax

from gaugeblock.logprobs.bounds import (
    Position,
    gather,
    make_answers,
    read_beginning,
    spelling_tokens,
)
from gaugeblock.logprobs.bounds.leaves import position_box
from gaugeblock.logprobs.rows import TopEntry
from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.spec import ChannelSpec

YES_NO = make_answers({"yes": "Yes", "no": "No", "unsure": ["Not sure", "Unsure"]})
SCORES = np.array([1.0, 0.0, 0.4])
FIRST = [
    *b"Yes| yes|YES|**Yes|Ye|Yesterday|No| no|NO|N|Not|Maybe| |\n|Un|Well|Y|Perhaps".split(b"|")
]
FIRST += [f"other{i}".encode() for i in range(60)]
NEXT = [*b"s|sure| sure|o|ot| Yes| no|Not|es|!|\n|, no|terday| certain".split(b"|"), b"\x00"]
CHANNELS = {
    "none": ChannelSpec(),
    "step 1/4": ChannelSpec(family="step", step=0.25),
    "bf16": ChannelSpec(family="bf16"),
    "fp16": ChannelSpec(family="fp16"),
    "softcap 30": ChannelSpec(family="softcap", cap=30.0),
    "bf16 logprobs": ChannelSpec(family="float_logprob", precision=8),
    "step 1/8, renormalised": ChannelSpec(family="step", step=0.125, renormalised=True),
}


def entry(key: bytes, logprob: float) -> TopEntry:
    return TopEntry(key.decode("utf-8", "replace"), key, logprob, repr(logprob), True)


def listed(names, reported, chosen=None) -> Position:
    """Return what a channel reported as a position."""
    top = tuple(
        entry(names[i], float(x)) for i, x in zip(reported.ids, reported.logprobs, strict=True)
    )
    return Position(top, chosen, len(top))


def distribution(spec, logits) -> np.ndarray:
    """A soft cap belongs to the model, rounding does not."""
    return np.exp(log_softmax(spec.cap * np.tanh(logits / spec.cap) if spec.cap else logits))


def true_masses(first: np.ndarray, following: np.ndarray) -> np.ndarray:
    """Mass of each answer by going through all texts of two tokens."""
    masses = np.zeros(len(YES_NO))
    for token, p in zip(FIRST, first, strict=True):
        meaning = read_beginning(token, YES_NO)
        if meaning.settled:
            if meaning.spelt is not None:
                masses[meaning.spelt] += p
            continue
        for piece, q in zip(NEXT, following, strict=True):
            two = read_beginning(token + piece, YES_NO, ended=True)
            if two.spelt is not None:
                masses[two.spelt] += p * q
    return masses


def judgement(spec: ChannelSpec, seed: list[int], vocabulary=None):
    """Return what was gathered of one judgement, the first position, and the true masses."""
    rng = np.random.default_rng(seed)
    spec = spec.model_copy(update={"k": int(rng.choice([3, 6, 20]))})
    channel = Channel(spec)
    logits = rng.uniform(8, 30) + rng.normal(0, 3, len(FIRST))
    logits[:12] += rng.uniform(0, 4)
    below = rng.uniform(8, 30) + rng.normal(0, 2, len(NEXT))
    masses = true_masses(distribution(spec, logits), distribution(spec, below))
    one, two = channel.apply(logits, rng), channel.apply(below, rng)
    chosen = FIRST[int(rng.choice(one.ids[:3]))]
    first = listed(FIRST, one, chosen)
    path = [first, listed(NEXT, two, NEXT[int(two.ids[0])])]
    return gather(spec, [path], YES_NO, vocabulary=vocabulary), spec, first, masses


def contained(found, masses: np.ndarray) -> bool:
    """Whether every interval of a judgement holds its truth."""
    total = masses.sum()
    checks = [found.mean(SCORES).contains(masses @ SCORES / total)]
    checks.append(found.log_odds("yes", "no").contains(float(np.log(masses[0] / masses[1]))))
    for place, name in enumerate(found.names):
        checks.append(found.probability(name).contains(masses[place]))
        checks.append(found.share(name).contains(masses[place] / total))
    return all(checks)


def linear_programme(spec: ChannelSpec, position: Position, sign: int) -> float:
    """Return the best mean score of one position, by a programme that knows no thresholds.

    Charnes and Cooper: variables are weights times t, one for each answer that a token may belong
    to, then t itself.
    """
    keys, box = position_box((spec,), position)
    groups, low, high, columns = [], [], [], []
    for place, key in enumerate(keys):
        meaning = read_beginning(key, YES_NO)
        to = sorted(set(meaning.may_become) | ({meaning.spelt} - {None}))
        if not to:
            continue
        groups.append((len(columns), len(to)))
        columns += [SCORES[answer] for answer in to]
        sure = meaning.settled and meaning.spelt is not None
        low.append(np.exp(box.low[place]) if sure else 0.0)
        high.append(np.exp(box.high[place]))
    groups.append((len(columns), len(SCORES)))
    columns += list(SCORES)
    low.append(0.0)
    high.append(box.unseen_total)
    n, m = len(columns), len(groups)
    matrix = np.zeros((2 * m, n + 1))
    for row, (start, count) in enumerate(groups):
        matrix[row, start : start + count], matrix[row, n] = 1, -high[row]
        matrix[m + row, start : start + count], matrix[m + row, n] = -1, low[row]
    solved = linprog(
        [*(-sign * np.array(columns)), 0.0],
        A_ub=matrix,
        b_ub=np.zeros(2 * m),
        A_eq=[[1.0] * n + [0.0]],
        b_eq=[1.0],
        bounds=[(0, None)] * (n + 1),
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert solved.status == 0, solved.message
    return float(-sign * solved.fun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judgements", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    vocabulary = spelling_tokens(FIRST, YES_NO)
    settings = [(name, known) for name in CHANNELS for known in (False, True)]
    count = -(-options.judgements // len(settings))
    table = {}
    for name, known in settings:
        inside, widths, excess, compared = 0, [], 0.0, 0
        for i in range(count):
            found, spec, first, masses = judgement(
                CHANNELS[name], [options.seed, i], vocabulary if known else None
            )
            inside += contained(found, masses)
            widths.append(found.share("yes").width)
            if known or spec.renormalised or i >= count // 5:
                continue
            alone = gather(spec, [[first]], YES_NO).mean(SCORES)
            if alone.value is not None and 1e-3 < alone.width < 1 - 1e-9:
                best = linear_programme(spec, first, 1) + linear_programme(spec, first, -1) * -1
                excess, compared = max(excess, alone.width / best - 1), compared + 1
        table[f"{name}, vocabulary {'known' if known else 'unknown'}"] = {
            "judgements": count,
            "all_intervals_inside": inside / count,
            "median_width_of_share": float(np.median(widths)),
            "compared_with_programme": compared,
            "worst_width_over_optimum": excess,
        }
    options.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(table, indent=1)
    (options.out / "judging_answers.json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
