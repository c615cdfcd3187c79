"""How often does the change alarm cry wolf, and what does it miss at 24 rows a side?

python benchmarks/channel_change.py --comparisons 5000 --out benchmarks/results
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from gaugeblock.logprobs.channel.change import compare
from gaugeblock.logprobs.rows import Row
from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.simulate.population import record
from gaugeblock.logprobs.spec import ChannelSpec
from gaugeblock.stats import exact_rate

ROWS, VOCABULARY = 24, 200
# A deterministic channel that has not changed gives p = 1, so only ones that vary are drawn.
VARYING = {
    "bf16, 4 modes": ChannelSpec(family="bf16", modes=4),
    "fp16, 2 modes, k 5": ChannelSpec(family="fp16", modes=2, k=5),
    "step 1/8, 8 modes": ChannelSpec(family="step", step=0.125, modes=8),
    "noise 0.05": ChannelSpec(family="noise", sd=0.05),
    "noise 0.2 on bf16, k 8": ChannelSpec(family="noise", sd=0.2, precision=8, k=8),
}
CHANGES = {
    "logits move by 0.05": ({}, 0.05),
    "logits move by 0.1": ({}, 0.1),
    "logits move by 0.3": ({}, 0.3),
    "another grid: step 0.3": ({"family": "step", "step": 0.3, "sd": None, "precision": None}, 0.0),
    "scaled by 1.1": ({}, -1.1),
}


def ask(spec: ChannelSpec, server: int, logits: np.ndarray, rng: np.random.Generator) -> list[Row]:
    """Ask one prompt ``ROWS`` times."""
    channel = Channel(spec, seed=server)
    return [record(channel, logits, rng, "x", i) for i in range(ROWS)]


def draw(rng: np.random.Generator) -> np.ndarray:
    """Draw the logits of one prompt."""
    return rng.normal(15, 5) + rng.laplace(0, rng.uniform(1, 3), VOCABULARY)


def unchanged(comparisons: int, permutations: int) -> dict[str, dict[str, float]]:
    """Compare channels with themselves and count alarms at one per cent."""
    found = {name: {"comparisons": 0, "alarms": 0} for name in VARYING}
    names = list(VARYING)
    for i in range(comparisons):
        name = names[i % len(names)]
        rng = np.random.default_rng([71, i])
        logits = draw(rng)
        sides = [ask(VARYING[name], i, logits, rng) for _ in range(2)]
        found[name]["comparisons"] += 1
        found[name]["alarms"] += compare(*sides, permutations=permutations).alarm
    return found


def changed(trials: int) -> dict[str, dict[str, float]]:
    """Return the share of changes with p below 0.001, by channel and kind of change."""
    table: dict[str, dict[str, float]] = {}
    for name, spec in VARYING.items():
        table[name] = {}
        for change, (fields, size) in CHANGES.items():
            sure = 0
            for i in range(trials):
                rng = np.random.default_rng([72, i])
                logits = draw(rng)
                later = logits * -size if size < 0 else logits + size * rng.normal(size=VOCABULARY)
                before = ask(spec, i, logits, rng)
                after = ask(spec.model_copy(update=fields), i, later, rng)
                sure += compare(before, after).p < 1e-3
            table[name][change] = sure / trials
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comparisons", type=int, default=5000)
    parser.add_argument("--permutations", type=int, default=999)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    power = changed(options.trials)
    print(json.dumps(power, indent=1), flush=True)
    null = unchanged(options.comparisons, options.permutations)
    alarms = int(sum(row["alarms"] for row in null.values()))
    interval = exact_rate(alarms, options.comparisons)
    result = {
        "rows_a_side": ROWS,
        "comparisons": options.comparisons,
        "permutations": options.permutations,
        "alarms": alarms,
        "rate": alarms / options.comparisons,
        "interval": [interval.low, interval.high],
        "unchanged": null,
        "trials": options.trials,
        "share_below_one_in_a_thousand": power,
    }
    print(json.dumps(result, indent=1))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "channel_change.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
