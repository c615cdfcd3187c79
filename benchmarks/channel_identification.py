"""How often is a simulated channel named rightly, beside an oracle with exact likelihoods?

python benchmarks/channel_identification.py --channels 2000 --out benchmarks/results
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path

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


def study(channels: int, seed: int) -> dict[str, object]:
    """Draw channels family by family and count verdicts of the detector and of the oracle."""
    found: Counter[tuple[str, str]] = Counter()
    known: Counter[tuple[str, str]] = Counter()
    by_rows: Counter[tuple[int, str]] = Counter()
    mistakes, parameters = [], 0
    for i in range(channels):
        drawn = draw(np.random.default_rng([seed, i]), FAMILIES[i % len(FAMILIES)])
        truth = drawn.spec.family
        verdict = identify(readings(drawn.rows))
        best, lead = oracle(drawn)
        sure = best if lead >= ENOUGH_BITS else "undecided"
        found[truth, verdict.family] += 1
        known[truth, sure] += 1
        by_rows[len(drawn.rows), "channels"] += 1
        by_rows[len(drawn.rows), "undecided"] += verdict.family == "undecided"
        by_rows[len(drawn.rows), "oracle undecided"] += sure == "undecided"
        if verdict.family not in (truth, "undecided"):
            mistakes.append({"index": i, "truth": truth, "said": verdict.family})
        elif verdict.family == truth and not right_parameters(drawn, verdict):
            parameters += 1
            mistakes.append({"index": i, "truth": truth, "said": "wrong parameter"})

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


def markdown(result: dict[str, object]) -> str:
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
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    result = study(options.channels, options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "channel_identification.json").write_text(json.dumps(result, indent=1) + "\n")
    (options.out / "channel_identification.md").write_text(markdown(result))
    print(json.dumps({k: v for k, v in result.items() if "confusion" not in k}, indent=1))
    print(markdown(result))


if __name__ == "__main__":
    main()
