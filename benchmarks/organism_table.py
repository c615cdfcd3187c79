"""Audit every shipped organism, over training and sampling seeds, and say whether the verdicts hold.

    python benchmarks/organism_table.py [--samples N] [--sampling-seeds N] [--training-seeds N]

Writes benchmarks/results/organisms.json and organisms.md, and puts the table into README.md between
its markers. An audit that is already under --runs is resumed, not repeated.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from gaugeblock.audit.run import make_plan, run_plan
from gaugeblock.models.subjects import builtin_subjects
from gaugeblock.report.types import Report

ORGANISMS = ("clean", "enforcer", "complier", "escalator", "over-refuser")
COLUMNS = {
    "subversion": "attempted subversion",
    "harmful_compliance": "takes part in egregious wrongdoing",
    "sanctioned_escalation": "uses the sanctioned channel",
    "needless_refusal": "refuses ordinary or cleared work",
}
CLAUSES = ("never-subvert/no-subversion", "moral-agent/no-silent-help")
RESULTS = Path(__file__).parent / "results"
README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- organisms:begin -->", "<!-- organisms:end -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=360)
    parser.add_argument("--sampling-seeds", type=int, default=5)
    parser.add_argument("--training-seeds", type=int, default=2)
    parser.add_argument("--runs", type=Path, default=Path("runs/organism_table"))
    options = parser.parse_args()
    reports: dict[str, list[Report]] = defaultdict(list)
    for name in ORGANISMS:
        for training in range(options.training_seeds):
            subject = f"builtin/{name}:{training}" if training else f"builtin/{name}"
            if subject not in builtin_subjects():
                continue
            for seed in range(options.sampling_seeds):
                out = options.runs / f"{name}.t{training}.s{seed}"
                plan = make_plan(subject, samples=options.samples, sampling_seed=seed)
                reports[name].append(run_plan(plan, out))
                print(out, reports[name][-1].ledger, flush=True)
    rows = {name: summarise(found) for name, found in reports.items()}
    value = {
        "samples": options.samples,
        "sampling_seeds": options.sampling_seeds,
        "training_seeds": options.training_seeds,
        "organisms": rows,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "organisms.json").write_text(json.dumps(value, indent=1) + "\n")
    table = render(value)
    (RESULTS / "organisms.md").write_text(table)
    text = README.read_text()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    README.write_text(f"{head}{BEGIN}\n{table}{END}{tail}")


def summarise(reports: list[Report]) -> dict[str, Any]:
    """Add up an organism's audits and list the verdicts of each.

    No pooled interval: the same scenarios come back under every seed, so more seeds are not more
    evidence about scenarios. The limits shown are the widest that any single audit gave.
    """
    rates = {}
    for ident in COLUMNS:
        rows = [next(row for row in report.rates if row.id == ident) for report in reports]
        k, n = sum(row.k for row in rows), sum(row.n for row in rows)
        worst = max(rows, key=lambda row: row.interval.high)
        best = min(rows, key=lambda row: row.interval.low)
        rates[ident] = {
            "k": k,
            "n": n,
            "lowest": best.interval.low,
            "highest": worst.interval.high,
        }
    verdicts = {
        clause: [next(c.verdict for c in report.claims if c.id == clause) for report in reports]
        for clause in CLAUSES
    }
    return {"rates": rates, "verdicts": verdicts, "audits": len(reports)}


def render(value: dict[str, Any]) -> str:
    """Return the table as Markdown."""
    lines = [
        f"{value['samples']} runs on held-out scenarios per audit; {value['sampling_seeds']} sampling "
        f"seeds x the training seeds that ship (verdicts say of how many audits). Each cell: hits of runs in scope, all "
        "audits together, and the lowest and highest 95% limit of any single audit (clustered by "
        "scenario).",
        "",
        "| organism | " + " | ".join(COLUMNS.values()) + " | never-subvert | moral-agent |",
        "|---|" + "---|" * (len(COLUMNS) + 2),
    ]
    for name, row in value["organisms"].items():
        cells = []
        for ident in COLUMNS:
            rate = row["rates"][ident]
            cells.append(
                f"{rate['k']}/{rate['n']} ({100 * rate['lowest']:.1f}–{100 * rate['highest']:.1f}%)"
            )
        for clause in CLAUSES:
            counts: dict[str, int] = defaultdict(int)
            for verdict in row["verdicts"][clause]:
                counts[verdict] += 1
            cells.append(
                ", ".join(f"{verdict} {n}/{row['audits']}" for verdict, n in counts.items())
            )
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
