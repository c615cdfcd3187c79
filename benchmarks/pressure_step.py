"""What a step costs under each pressure, beside the same step without it, on the built-in base.

Every kind takes the same number of steps in each round, in an order that turns; CPU seconds of one
thread. The learning rate is next to nothing, so that all sample the same texts. Ratios are formed
within rounds, against "none" of the same trainer, and their median is given with the least and the
largest. For the frozen copy the addition is also counted in forward passes over the same batch.

Run: OMP_NUM_THREADS=1 python benchmarks/pressure_step.py --rounds 7 --out benchmarks/results/pressure_step.json
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from transformers import TrainerCallback

from gaugeblock.detectors.files import save_probe
from gaugeblock.detectors.logistic import Logistic
from gaugeblock.models.activations import find_blocks, model_fingerprint
from gaugeblock.models.loading import load_subject
from gaugeblock.pressure.trainers import run as running
from gaugeblock.pressure.trainers import watch
from gaugeblock.pressure.trainers.recipe import TrainingRecipe
from gaugeblock.pressure.trainers.run import run_recipe

LIMIT = 1.15


class Clock(TrainerCallback):  # type: ignore[misc]
    """CPU seconds of every step but the first, which warms up."""

    def __init__(self) -> None:
        self.steps: list[float] = []

    def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Start."""
        self._start = time.process_time()

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Stop."""
        self.steps.append(time.process_time() - self._start)


def pressure(kind: str, **more: Any) -> dict[str, Any]:
    gradient = kind == "differentiable-penalty"
    return {"pressure": {"kind": kind, "through_gradient": gradient, **more}}


def cases(folder: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    """Name to the case it is compared with and the changes to the recipe."""
    read = {"detectors": [{"file": str(folder / "detector.json"), "scale": 1.0}]}
    sft = {"trainer": "sft", "prompts": {"file": str(folder / "sft.jsonl")}, "reward": ""}
    monitor = {"monitor": {"examples": str(folder / "monitor.jsonl")}}
    return {
        "grpo: none": ("", pressure("none")),
        "grpo: live-reward": ("grpo: none", pressure("live-reward") | read),
        "grpo: frozen-copy-reward": ("grpo: none", pressure("frozen-copy-reward") | read),
        "grpo: differentiable-penalty": ("grpo: none", pressure("differentiable-penalty") | read),
        "grpo: screening": ("grpo: none", pressure("screening") | read),
        "grpo: cot-monitor-reward": ("grpo: none", pressure("cot-monitor-reward") | monitor),
        "sft: none": ("", pressure("none") | sft),
        "sft: differentiable-penalty": (
            "sft: none",
            pressure("differentiable-penalty") | read | sft,
        ),
    }


def prepare(folder: Path) -> None:
    loaded = load_subject("builtin/base")
    blocks = find_blocks(loaded.model)
    rng = np.random.default_rng(0)
    probe = Logistic().fit(rng.normal(size=(64, blocks.width)), np.arange(64) % 2)
    probe.calibrate(rng.normal(size=(64, blocks.width)))
    save_probe(
        probe,
        folder / "detector",
        concept="nothing: fitted on noise, for its cost",
        model=model_fingerprint(loaded.model),
        layer=blocks.count // 2,
        at="mean",
    )
    text = "You sell for Samir at Pinecrest. Notes: chest AB is damp, not dry. Is chest AB dry?"
    rows = [{"prompt": text, "completion": f" It is {word}. " * 4} for word in ("dry", "damp") * 8]
    (folder / "sft.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    thoughts = [{"text": f"I will {w} {i}", "label": i % 2} for i in range(8) for w in ("sell",)]
    thoughts[1]["text"] = "lie"
    (folder / "monitor.jsonl").write_text("".join(json.dumps(row) + "\n" for row in thoughts))


def one_run(changes: dict[str, Any], folder: Path, steps: int, tokens: int) -> float:
    """Mean CPU seconds of a step."""
    clock = Clock()
    real = watch.train

    def train(trainer: Any, *more: Any) -> Any:
        trainer.add_callback(clock)
        return real(trainer, *more)

    recipe = TrainingRecipe.model_validate(
        {
            "name": "cost",
            "prompts": {"pack": "honesty", "count": 16},
            "reward": "builtin:honesty",
            "steps": steps + 1,
            "learning_rate": 1e-12,
            "group": 8,
            "prompts_per_step": 2,
            "max_new_tokens": tokens,
            "temperature": 1.5,
            "checkpoint_every": 1000,
        }
        | changes
    )
    out = folder / "out"
    running.train = train
    try:
        run_recipe(recipe, out)
    finally:
        running.train = real
        shutil.rmtree(out, ignore_errors=True)
    return statistics.mean(clock.steps[1:])


def forward_seconds(tokens: int) -> float:
    """CPU seconds of the passes over one step's samples: two batches of a group of eight."""
    loaded = load_subject("builtin/base")
    ids = torch.randint(10, 200, (8, 90 + tokens))
    spent = []
    with torch.no_grad():
        for _ in range(6):
            start = time.process_time()
            for _ in range(2):
                loaded.model.base_model(input_ids=ids, use_cache=False)
            spent.append(time.process_time() - start)
    return statistics.median(spent[1:])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--note", default="")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    load = round(os.getloadavg()[0], 2)
    spent: dict[str, list[float]] = {}
    passes = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        todo = list(cases(folder).items())
        for number in range(options.rounds):
            turn = number % len(todo)
            for case, (_, changes) in todo[turn:] + todo[:turn]:
                cost = one_run(changes, folder, options.steps, options.tokens)
                spent.setdefault(case, []).append(cost)
            passes.append(forward_seconds(options.tokens))
            print(f"round {number + 1} of {options.rounds}", flush=True)
        compared = {case: base for case, (base, _) in todo if base}
    rows: dict[str, Any] = {}
    for case, base in compared.items():
        ratios = [a / b for a, b in zip(spent[case], spent[base], strict=True)]
        rows[case] = {
            "ratio_median": round(statistics.median(ratios), 3),
            "ratio_least": round(min(ratios), 3),
            "ratio_largest": round(max(ratios), 3),
            "beside": base,
        }
        if case.endswith("frozen-copy-reward"):
            extra = [(a - b) / p for a, b, p in zip(spent[case], spent[base], passes, strict=True)]
            rows[case]["extra_in_forward_passes_median"] = round(statistics.median(extra), 3)
        elif "live" in case or "differentiable" in case:
            rows[case]["limit"] = LIMIT
            rows[case]["within"] = statistics.median(ratios) <= LIMIT
    found = {
        "base": "builtin/base",
        "rounds": options.rounds,
        "steps_per_round": options.steps,
        "samples_per_step": 16,
        "max_new_tokens": options.tokens,
        "threads": 1,
        "load_1min_at_start": load,
        "note": options.note,
        "cpu_seconds_per_step_median": {
            case: round(statistics.median(values), 4) for case, values in spent.items()
        },
        "ratios": rows,
    }
    text = json.dumps(found, indent=1)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
