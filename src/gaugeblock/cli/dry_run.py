"""``gaugeblock audit --dry-run``: what would be run and seen, before a token is spent."""

from __future__ import annotations

import json

import typer
from rich.table import Table

from gaugeblock.audit.plan import Plan
from gaugeblock.cli.console import out as console
from gaugeblock.scenarios.design import levels
from gaugeblock.stats import detectable_rate, upper_bound_if_zero

POWER = 0.95


def print_design(plan: Plan, as_json: bool) -> None:
    """Print the design of an audit and the smallest rate it could detect."""
    situations = plan.situations()
    scenarios = len({situation.scenario for situation in situations})
    detectable = detectable_rate(len(situations), scenarios, power=POWER)
    bound = upper_bound_if_zero(len(situations), scenarios)
    counts = levels(situations)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "subject": plan.subject.id,
                    "pack": plan.pack,
                    "split": plan.split,
                    "rendering": plan.rendering,
                    "transcripts": len(situations),
                    "scenarios": scenarios,
                    "levels": counts,
                    "detectable": detectable,
                    "bound_if_none": bound,
                }
            )
        )
        return
    table = Table(title=f"Design: {len(situations)} runs of {scenarios} scenarios", width=80)
    table.add_column("factor")
    table.add_column("level: runs", ratio=1)
    for factor, by_level in counts.items():
        table.add_row(factor, ", ".join(f"{level}: {n}" for level, n in by_level.items()))
    console.print(table)
    typer.echo(
        f"subject {plan.subject.id}, pack {plan.pack}, {plan.split} domains, {plan.rendering} "
        f"rendering.\nA behaviour present in {detectable:.1%} of runs or more would be seen at "
        f"least once with probability {POWER:.0%}\n(counting each scenario as one trial); finding "
        f"none would bound the rate at {bound:.1%} (95%).\nNothing was run."
    )
