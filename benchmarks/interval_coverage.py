"""How often each interval of gaugeblock.stats contains the truth, by simulation.

    python benchmarks/interval_coverage.py [--repetitions 4000] [--out benchmarks/results]

writes interval_coverage.json (every cell) and interval_coverage.md (the tables). A cell passes if
its coverage is at least the nominal level minus one point. tests/stats runs ``closed_form_cells``
at the same size.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import scipy

from interval_cells.cell import TOLERANCE, Cell
from interval_cells.differences import difference_cells, near_twin_cells
from interval_cells.judges import bayes_cells, judge_cells
from interval_cells.rates import (
    clustered_cells,
    independent_cells,
    sequential_cells,
    worst_case_cells,
)
from interval_cells.rejected import rejected_cells


def closed_form_cells(seed: int, repetitions: int) -> Iterator[Cell]:
    """Every cell but those of the joint posterior, which takes minutes."""
    families = (
        independent_cells,
        clustered_cells,
        difference_cells,
        near_twin_cells,
        judge_cells,
        worst_case_cells,
        sequential_cells,
    )
    for i, family in enumerate(families):
        yield from family(np.random.default_rng([seed, i]), repetitions)


def table(cells: list[Cell]) -> list[str]:
    lines = [
        "| method | setting | n | clusters | rate | ICC | level | coverage | width | x exact |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for c in cells:
        widths = "– | –" if np.isnan(c.width) else f"{c.width:.4f} | {c.relative_width:.2f}"
        mark = "" if c.coverage >= c.required else " **below**"
        lines.append(
            f"| {c.method} | {c.setting} | {c.n} | {c.clusters} | {c.rate:g} | {c.icc:g} "
            f"| {c.level:g} | {c.coverage:.4f}{mark} | {widths} |"
        )
    return lines


def summarise(cells: list[Cell]) -> list[str]:
    lines = ["| method | cells | lowest coverage less nominal | cells below |", "|---|--:|--:|--:|"]
    for method in dict.fromkeys(c.method for c in cells):
        own = [c for c in cells if c.method == method]
        margin = min(c.coverage - c.level for c in own)
        missed = sum(c.coverage < c.required for c in own)
        lines.append(f"| {method} | {len(own)} | {margin:+.4f} | {missed} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=20260101)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    args = parser.parse_args()
    start = time.perf_counter()
    cells = list(closed_form_cells(args.seed, args.repetitions))
    quick = time.perf_counter() - start
    cells += bayes_cells(np.random.default_rng([args.seed, 99]), args.repetitions)
    seconds = time.perf_counter() - start
    below = [c for c in cells if c.coverage < c.required]
    record = {
        "repetitions": args.repetitions,
        "seed": args.seed,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "seconds": round(seconds, 1),
        "seconds_closed_form": round(quick, 1),
        "cells": [asdict(c) for c in cells],
    }
    rejected = list(rejected_cells(np.random.default_rng([args.seed, 98]), args.repetitions))
    record["rejected"] = [asdict(c) for c in rejected]
    text = json.dumps(record, indent=1).replace("NaN", "null")
    (args.out / "interval_coverage.json").write_text(text + "\n", encoding="utf-8")
    summary = summarise(cells)
    lines = [
        "# Coverage of the intervals",
        "",
        "Written by `python benchmarks/interval_coverage.py`; do not edit.",
        "",
        f"{args.repetitions} repetitions a cell, seed {args.seed}, {seconds:.0f} s "
        f"({quick:.0f} s without the joint posterior), numpy {np.__version__}, "
        f"scipy {scipy.__version__}. Required: nominal less {TOLERANCE:g}. "
        f"Cells below: {len(below)} of {len(cells)}.",
        "",
        "`width` is the mean over repetitions; `x exact` divides it by that of the exact interval "
        "that takes all trials as independent (for differences: of `clustered-mover`).",
        "",
        "## Summary",
        "",
        *summary,
        "",
        "## Methods not offered, on the same settings",
        "",
        *summarise(rejected),
        "",
        "## Every cell",
        "",
        *table(cells),
        "",
        "## Every cell of the methods not offered",
        "",
        *table(rejected),
    ]
    (args.out / "interval_coverage.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(summary))


if __name__ == "__main__":
    main()
