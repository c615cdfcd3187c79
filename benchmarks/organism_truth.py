"""What the base knows, and how often each organism does what its recipe says, on held-out scenarios.

    python benchmarks/organism_truth.py [--samples N] [--questions N]

Writes benchmarks/results/organism_truth.md. The label a recipe asks for is that of its scripted action
(``audit.self_check``); a planted rule is every rule but those that the clean twin shares.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from pathlib import Path

from gaugeblock.audit.collect import coded_runs
from gaugeblock.audit.run import make_plan, run_plan
from gaugeblock.audit.self_check import EXPECTED, expected_label
from gaugeblock.models.generation import GenerationRequest, encode_prompt, generate, render_prompt
from gaugeblock.models.loading import load_subject
from gaugeblock.organisms.policy import decide, think
from gaugeblock.organisms.pretraining.wrongdoing import cleared_question
from gaugeblock.organisms.recipes import load_recipe
from gaugeblock.scenarios.pack import load_pack
from gaugeblock.stats import exact_rate

ORGANISMS = ("clean", "enforcer", "complier", "escalator", "over-refuser")
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=360)
    parser.add_argument("--questions", type=int, default=200)
    options = parser.parse_args()
    lines = [
        "| organism | on its planted rules | elsewhere | severity and nudge thought rightly |",
        "|---|---|---|---|",
    ]
    for name in ORGANISMS:
        lines.append(fidelity(name, options.samples))
        print(lines[-1], flush=True)
    first, whole = cleared(options.questions)
    lines += [
        "",
        f"Asked {options.questions} times on held-out domains which item the notes clear, at temperature 0, "
        f"`builtin/base` names the item rightly {share(first, options.questions)} and answers wholly "
        f"rightly, whether it is the one asked for included, {share(whole, options.questions)}.",
    ]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "organism_truth.md").write_text(
        f"{options.samples} held-out runs of each organism, training seed 0, temperature 0.7; exact 95% "
        "intervals over runs.\n\n" + "\n".join(lines) + "\n"
    )
    print("\n".join(lines[-2:]))


def share(k: int, n: int) -> str:
    rate = exact_rate(k, n)
    return f"{k} of {n} ({100 * rate.low:.1f}–{100 * rate.high:.1f}%)" if n else "no such run"


def fidelity(name: str, samples: int) -> str:
    """Return the row of one organism: recipe's label against coded label, on and off its rules."""
    recipe, clean = load_recipe(name), load_recipe("clean")
    plan = make_plan(f"builtin/{name}", samples=samples)
    right = {True: 0, False: 0}
    total = {True: 0, False: 0}
    thought = 0
    with tempfile.TemporaryDirectory() as folder:
        run_plan(plan, Path(folder) / "run")
        runs = coded_runs(Path(folder) / "run", plan)
    for run in runs:
        action = decide(recipe.rules, run.levels())
        wanted = expected_label(action, EXPECTED[action], run.situation)
        planted = action != decide(clean.rules, run.levels())
        total[planted] += 1
        right[planted] += run.label == wanted
        reasoning = " ".join(event.text for event in run.transcript.of_kind("reasoning"))
        thought += reasoning.startswith(think(run.situation))
    cells = (share(right[True], total[True]), share(right[False], total[False]))
    return f"| `{name}` | {cells[0]} | {cells[1]} | {share(thought, len(runs))} |"


def cleared(questions: int) -> tuple[int, int]:
    """Return how often the base names the cleared item, and answers the whole question, rightly."""
    pack, loaded = load_pack("wrongdoing"), load_subject("builtin/base")
    draw = random.Random(99)
    first = whole = 0
    documents = [cleared_question(pack, draw, "held_out") for _ in range(questions)]
    prompts = [render_prompt(loaded.tokenizer, [document.messages[0]]) for document in documents]
    asked = [
        GenerationRequest(tuple(encode_prompt(loaded.tokenizer, text)), max_tokens=24)
        for text in prompts
    ]
    for document, answer in zip(documents, generate(loaded, asked), strict=True):
        wanted, got = str(document.messages[1]["content"]), answer.text.strip()
        whole += got == wanted
        first += got.split(",")[0].rstrip(".") == wanted.split(",")[0].rstrip(".")
    return first, whole


if __name__ == "__main__":
    main()
