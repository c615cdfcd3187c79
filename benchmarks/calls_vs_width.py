"""Calls against interval width, for logprobs and for sampling, over p and grid spacing.

python benchmarks/calls_vs_width.py --out benchmarks/results
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from gaugeblock.logprobs.bounds.plan import logprob_width, plan, sampling_calls
from gaugeblock.logprobs.spec import ChannelSpec

SHARES = (0.5, 0.7, 0.9, 0.97, 0.99)
SPACINGS = (1 / 64, 1 / 16, 1 / 8, 1 / 4, 1 / 2)
WIDTHS = (0.3, 0.2, 0.1, 0.05, 0.02, 0.01)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    rows, equal = [], []
    for share in SHARES:
        for spacing in SPACINGS:
            spec = ChannelSpec(family="step", step=spacing)
            width = logprob_width(share, spacing)
            # One guaranteed call is worth this many samples; below its width sampling wins.
            worth = sampling_calls(share, width)
            equal.append({"p": share, "spacing": spacing, "width": width, "samples": worth})
            for asked in WIDTHS:
                named = {item.method: item.calls for item in plan(spec, share, asked)}
                guaranteed = named["logprobs"]
                wins = "logprobs" if guaranteed is not None else "sampling"
                rows.append({"p": share, "spacing": spacing, "width": asked, **named, "wins": wins})
    options.out.mkdir(parents=True, exist_ok=True)
    result = {"one_call_is_worth": equal, "calls": rows}
    (options.out / "calls_vs_width.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"{'p':>5} {'spacing':>8} {'width of one call':>18} {'= samples':>10}")
    for item in equal:
        print(f"{item['p']:5.2f} {item['spacing']:8.4f} {item['width']:18.4f} {item['samples']:10}")


if __name__ == "__main__":
    main()
