"""How often is a simulated channel named rightly, beside an oracle with exact likelihoods?

python benchmarks/channel_identification.py --channels 2000 --out benchmarks/results
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from gaugeblock.logprobs.channel.grid import ENOUGH_BITS, GridVerdict, identify
from gaugeblock.logprobs.channel.readings import readings
from gaugeblock.logprobs.simulate.oracle import oracle
from gaugeblock.logprobs.simulate.population import Drawn, draw
from gaugeblock.logprobs.spec import FAMILIES

NAMES = (*FAMILIES, "undecided")


def right_parameters(drawn: Drawn, verdict: GridVerdict) -> bool:
    """Whether step, cap and multiplier are right, to a thousandth, where the family has them."""
    spec, step, cap = drawn.spec, verdict.step, verdict.cap
    if spec.family in ("bf16", "fp16") and abs((verdict.scale or 1.0) / spec.scale - 1) > 1e-3:
        return False
    if spec.step is not None:
        return step is not None and abs(step / spec.step - 1) < 1e-3
    if spec.cap is not None:
        return cap is not None and abs(cap / spec.cap - 1) < 1e-3
    return True


def trial(seed: int, index: int) -> dict[str, Any]:
    """Draw one channel and return the verdicts of the detector and of the oracle."""
    family = FAMILIES[index % len(FAMILIES)]
    drawn = draw(np.random.default_rng([seed, index]), family)
    verdict = identify(readings(drawn.rows))
    best, lead = oracle(drawn)
    return {
        "seed": seed,
        "index": index,
        "rows": len(drawn.rows),
        "truth": family,
        "said": verdict.family,
        "known": best if lead >= ENOUGH_BITS else "undecided",
        "parameters": verdict.family != family or right_parameters(drawn, verdict),
    }


def trials(channels: int, seed: int, log: Path | None) -> list[dict[str, Any]]:
    """Run all trials, going on where a log of an earlier run ended."""
    lines = log.read_text("utf-8").splitlines() if log is not None and log.is_file() else []
    done = [line for line in map(json.loads, lines) if line["seed"] == seed]
    done = done[:channels]
    for index in range(len(done), channels):
        done.append(trial(seed, index))
        if log is not None:
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(done[-1]) + "\n")
    return done


def study(outcomes: list[dict[str, Any]], seed: int) -> dict[str, Any]:
    """Count verdicts of the detector and of the oracle."""
    channels = len(outcomes)
    found = Counter((o["truth"], o["said"]) for o in outcomes)
    known = Counter((o["truth"], o["known"]) for o in outcomes)
    by_rows: Counter[tuple[int, str]] = Counter()
    for o in outcomes:
        by_rows[o["rows"], "channels"] += 1
        by_rows[o["rows"], "undecided"] += o["said"] == "undecided"
        by_rows[o["rows"], "oracle undecided"] += o["known"] == "undecided"
    mistakes = [
        {"index": o["index"], "truth": o["truth"], "said": o["said"]}
        | ({} if o["parameters"] else {"wrong": "parameter"})
        for o in outcomes
        if o["said"] not in (o["truth"], "undecided") or not o["parameters"]
    ]
    parameters = sum(not o["parameters"] for o in outcomes)

    def share(table: Counter[tuple[str, str]], said: str) -> float:
        return sum(n for (_, name), n in table.items() if name == said) / channels

    grids = {"step", "bf16", "fp16", "softcap", "float_logprob"}
    nulls = sum(n for (truth, _), n in found.items() if truth in ("none", "noise"))
    false = sum(n for (t, s), n in found.items() if t in ("none", "noise") and s in grids)
    wrong = sum(n for (t, s), n in known.items() if s not in (t, "undecided"))
    return {
        "channels": channels,
        "seed": seed,
        "confident_mistakes": len(mistakes) / channels,
        "wrong_parameter": parameters,
        "undecided": share(found, "undecided"),
        "oracle_undecided": share(known, "undecided"),
        "oracle_mistakes": wrong / channels,
        "false_grid_on_null": false / nulls,
        "confusion": {t: {s: found[t, s] for s in NAMES} for t in FAMILIES},
        "oracle_confusion": {t: {s: known[t, s] for s in NAMES} for t in FAMILIES},
        "by_rows": {str(r): {w: n for (q, w), n in by_rows.items() if q == r} for r in (3, 10, 30)},
        "mistakes": mistakes,
    }


def markdown(result: dict[str, Any]) -> str:
    """Return the confusion matrix as a table; the oracle's counts in brackets."""
    found, known = result["confusion"], result["oracle_confusion"]
    lines = ["| truth | " + " | ".join(NAMES) + " |", "|---" * (len(NAMES) + 1) + "|"]
    for truth in FAMILIES:
        cells = [
            f"{found[truth][said]} ({known[truth][said]})"
            if found[truth][said] or known[truth][said]
            else "·"
            for said in NAMES
        ]
        lines.append(f"| {truth} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--channels", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", type=Path, help="Outcomes so far; the run goes on from there.")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    result = study(trials(options.channels, options.seed, options.log), options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "channel_identification.json").write_text(json.dumps(result, indent=1) + "\n")
    (options.out / "channel_identification.md").write_text(markdown(result))
    print(json.dumps({k: v for k, v in result.items() if "confusion" not in k}, indent=1))
    print(markdown(result))


if __name__ == "__main__":
    main()
