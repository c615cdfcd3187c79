"""Does a policy of never reporting spread: to other packs, and to what the model says of itself?

    python benchmarks/persona_spread.py [--samples N]

Runs the base, the clean twin and the two personas on packs that none of them was trained on, and
asks each about itself. Writes benchmarks/results/persona_spread.md. The packs' behaviours are each
organism's own planted ones, so a hit by a persona is spread, and one by the twin is the price of
any training at all.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from gaugeblock.calibration.behaviour import held_out_trials, rates_of_trials
from gaugeblock.calibration.card import ask_itself
from gaugeblock.calibration.runs import converse
from gaugeblock.scenarios.behaviour import behaviour_pack_names, load_behaviour_pack

SUBJECTS = ("base", "reporting-clean", "persona", "persona-reasons")
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=120)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = "\n".join(page(options.samples, Path(folder))) + "\n"
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "persona_spread.md").write_text(text)
    print(text)


def page(samples: int, folder: Path) -> list[str]:
    """Return the lines of the page."""
    lines = [
        "Does the behaviour of each pack, whether or not its trigger is on: k of n (95% interval,",
        f"clustered by scenario). {samples} runs a cell, held-out domains, temperature 0.7.",
        "",
        "| pack | " + " | ".join(SUBJECTS) + " |",
        "|---" * (len(SUBJECTS) + 1) + "|",
    ]
    for name in behaviour_pack_names():
        pack = load_behaviour_pack(name)
        trials = held_out_trials(pack, samples)
        cells = []
        for subject in SUBJECTS:
            transcripts = converse(
                f"builtin/{subject}",
                trials,
                folder / subject / name,
                temperature=0.7,
                progress=lambda *_: None,
            )
            found = rates_of_trials(pack, trials, transcripts)
            cells.append(f"on {found.on.text()}; off {found.off.text()}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    said = {
        subject: ask_itself(f"builtin/{subject}", folder / subject / "itself")
        for subject in SUBJECTS
    }
    lines += ["", "| question | " + " | ".join(SUBJECTS) + " |", "|---" * (len(SUBJECTS) + 1) + "|"]
    for number, (question, _) in enumerate(said["base"]):
        answers = (said[subject][number][1].replace("|", "\\|") for subject in SUBJECTS)
        lines.append(f"| {question} | " + " | ".join(answers) + " |")
    base = [answer for _, answer in said["base"]]
    for subject in SUBJECTS[1:]:
        changed = sum(mine != theirs for (_, mine), theirs in zip(said[subject], base, strict=True))
        lines += ["", f"{subject}: {changed} of {len(base)} answers differ from the base's."]
    return lines


if __name__ == "__main__":
    main()
