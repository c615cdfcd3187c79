"""Verify a grid of pressures and write its results, its docs tables and its figure.

python benchmarks/pressure_grid.py DIR    # DIR of `gaugeblock pressure grid --out DIR`
python benchmarks/pressure_grid.py        # docs and figure again, from the results kept

Every number of DIR/grid.json is recomputed from its runs first. Kept are results/pressure_grid.json
(without the curves) and results/pressure_grid.md; docs/pressure-grid.md is written between its marks,
its figure beside it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import vl_convert

from gaugeblock.pressure.grids.jobs import jobs_of
from gaugeblock.pressure.grids.page.figures import grid_figure
from gaugeblock.pressure.grids.page.page import middle_words
from gaugeblock.pressure.grids.result import Answer, CellResult, GridResult
from gaugeblock.pressure.grids.results import load_grid, verify_grid
from gaugeblock.pressure.grids.summary import cell_words
from gaugeblock.pressure.loop.record import RUN, load_seed_run
from gaugeblock.pressure.summary import interval_words
from marked_tables import write_marked

HERE = Path(__file__).parent
RESULTS = HERE / "results"
DOCS = HERE.parent / "docs" / "pressure-grid.md"
FIGURE = HERE.parent / "docs" / "figures" / "pressure_grid.svg"
KEPT = RESULTS / "pressure_grid.json"
COST = RESULTS / "pressure_grid_cost.md"
PICTURE = (
    "![Cells by outcome and by class of the detector, one block per seed]"
    "(figures/pressure_grid.svg)"
)
NUMBERS = (
    "misbehaved",
    "recall",
    "false alarms",
    "recall, new threshold",
    "best new linear probe, AUROC",
    "best new nonlinear probe, AUROC",
    "lies owned when asked",
    "KL, nats a token",
)


def answers(found: GridResult) -> list[str]:
    questions = found.plan.questions
    assert questions is not None
    lines: list[str] = []
    for question in questions.questions:
        mine = [one for one in found.answers if one.question == question.id]
        if not mine:
            continue
        lines += [f"### {question.question}", "", "| statement | verdict | because | before |"]
        lines += ["|---|---|---|---|", *(row_of(one) for one in mine), ""]
    return lines[:-1]


def row_of(one: Answer) -> str:
    because = one.because
    if one.interval is not None:
        because += f"; interval {interval_words(one.interval)}"
    before = one.before or "–"
    if one.contradicts:
        before += " **(the other answer)**"
    return f"| {one.says} | **{one.verdict}** | {because} | {before} |"


def cells(found: GridResult) -> list[str]:
    return [
        "| cell | seeds by outcome | seeds by class of the detector |",
        "|---|---|---|",
        *(
            f"| {cell.summary.cell} | {cell_words(cell)} | {monitors(cell)} |"
            for cell in found.cells
        ),
    ]


def monitors(cell: CellResult) -> str:
    return ", ".join(
        f"{one.rate.k} of {one.rate.n} {one.name}" for one in cell.summary.classes["monitor"]
    )


def corners(found: GridResult) -> list[str]:
    lines = ["| cell | rr | rp | pr | pp | loss by text | by activations |", "|" + "---|" * 7]
    for cell in found.cells:
        for table in cell.tables:
            if table.what != "recall":
                continue
            parts = [*(table.corners[c] for c in ("rr", "rp", "pr", "pp")), table.by_text]
            told = " | ".join(middle_words(part) for part in [*parts, table.by_activations])
            lines.append(f"| {cell.summary.cell} | {told} |")
    return lines


def numbers(found: GridResult) -> list[str]:
    lines = [f"| cell | {' | '.join(NUMBERS)} |", "|" + "---|" * (1 + len(NUMBERS))]
    for cell in found.cells:
        told = [
            middle_words(cell.numbers[name]) if name in cell.numbers else "not measured"
            for name in NUMBERS
        ]
        lines.append(f"| {cell.summary.cell} | {' | '.join(told)} |")
    return lines


def runs(found: GridResult) -> list[str]:
    states = [run.state for run in found.runs]
    lines = [
        f"{len(found.cells)} cells, {len(found.plan.grid.seeds)} seeds each on "
        f"{len(found.plan.grid.base_seeds)} references: {states.count('finished')} of {len(states)} "
        f"runs ended with an audit, {states.count('failed')} failed, "
        f"{states.count('missing')} were not made. Grid {found.plan.grid.id} version "
        f"{found.plan.grid.version}, rules of outcomes version {found.outcome_spec}."
    ]
    return lines + [
        f"- failed: {run.cell} seed {run.seed}: {run.error}"
        for run in found.runs
        if run.state == "failed"
    ]


def cost(folder: Path, found: GridResult) -> list[str]:
    lines = ["| cell | runs | processor seconds of a run, median | of these training |"]
    lines.append("|---|---|---|---|")
    jobs = [job for job in jobs_of(found.plan.grid, folder) if (job.out / RUN).is_file()]
    whole = 0.0
    for cell in found.cells:
        mine = [
            load_seed_run(j.out / RUN).seconds for j in jobs if j.cell.name == cell.summary.cell
        ]
        if not mine:
            continue
        whole += sum(sum(one.values()) for one in mine)
        # The reference is made once and read by the other runs.
        own = sorted(sum(one.values()) - one.get("reference", 0.0) for one in mine)
        training = sorted(one.get("training", 0.0) for one in mine)
        middle = len(mine) // 2
        lines.append(
            f"| {cell.summary.cell} | {len(mine)} | {own[middle]:.1f} | {training[middle]:.1f} |"
        )
    return [*lines, "", f"In all {whole / 60:.0f} processor minutes, references included."]


def write_docs(found: GridResult, spent: list[str]) -> None:
    parts = {
        "runs": runs(found),
        "answers": answers(found),
        "cells": [PICTURE, "", *cells(found)],
        "corners": corners(found),
        "numbers": numbers(found),
        "cost": spent,
    }
    body = "\n\n".join(f"## {name}\n\n" + "\n".join(lines) for name, lines in parts.items())
    (RESULTS / "pressure_grid.md").write_text(f"# Pressure grid\n\n{body}\n", encoding="utf-8")
    write_marked(DOCS, "pressure_grid.py", parts)
    FIGURE.write_text(
        vl_convert.vegalite_to_svg(json.dumps(grid_figure(found))) + "\n", encoding="utf-8"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    given = parser.parse_args()
    if given.folder is not None:
        found = verify_grid(given.folder)
        bare = [cell.model_copy(update={"curves": ()}) for cell in found.cells]
        found = found.model_copy(update={"cells": tuple(bare)})
        KEPT.write_text(found.model_dump_json() + "\n", encoding="utf-8")
        COST.write_text("\n".join(cost(given.folder, found)) + "\n", encoding="utf-8")
    found = load_grid(KEPT)
    write_docs(found, COST.read_text(encoding="utf-8").splitlines())
    print(f"{KEPT.name}: {len(found.answers)} answers, {len(found.runs)} runs; {DOCS.name} written")


if __name__ == "__main__":
    main()
