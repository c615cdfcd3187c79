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
WIDTHS = (0.4, 0.3, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.02, 0.015, 0.01, 0.007, 0.005)


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
    # One row a line: the figure in the docs is drawn from this file.
    lines = {name: ",\n".join(json.dumps(row) for row in table) for name, table in result.items()}
    text = ",\n".join(f'"{name}": [\n{body}\n]' for name, body in lines.items())
    (options.out / "calls_vs_width.json").write_text(f"{{\n{text}\n}}\n")
    table = [
        "# One logprob call against sampling",
        "",
        "Width of the guaranteed interval of a yes/no share from one call, and how many samples",
        "give a 95 % Clopper-Pearson interval of that width. Below it sampling wins.",
        "",
        "| share | " + " | ".join(f"spacing 1/{1 / s:.0f}" for s in SPACINGS) + " |",
        "|---" * (len(SPACINGS) + 1) + "|",
    ]
    for share in SHARES:
        cells = [
            f"{item['width']:.4f} = {item['samples']:,}" for item in equal if item["p"] == share
        ]
        table.append(f"| {share} | " + " | ".join(cells) + " |")
    (options.out / "calls_vs_width.md").write_text("\n".join(table) + "\n")
    print("\n".join(table))


if __name__ == "__main__":
    main()
