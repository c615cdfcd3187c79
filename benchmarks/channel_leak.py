"""What channels give away of a built-in model: hidden size, absolute logits, identity.

python benchmarks/channel_leak.py --out benchmarks/results
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from gaugeblock.logprobs.leak import Leak, measure_leak
from gaugeblock.logprobs.spec_text import read_channel
from gaugeblock.models.full_logits import random_outputs
from gaugeblock.models.loading import load_subject

CHANNELS = (
    "none",
    "bf16",
    "fp16",
    "step,step=0.125",
    "step,step=0.5",
    "step,step=2",
    "noise,sd=0.1",
    "noise,sd=1",
    "softcap,cap=30",
    "bf16,modes=4",
)


def identity(leak: Leak) -> str:
    """Return what the comparison with a stored image says, in a few characters."""
    same = leak.same_model
    if same is None:
        return ""
    word = {True: "same", False: "another", None: "open"}[same.same]
    return f"{word} ({same.residual:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outputs", type=int, default=384)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    base = load_subject("builtin/base")
    logits = random_outputs(base, options.outputs)
    _, image = measure_leak(logits, read_channel("none"), "builtin/base")
    adapted = random_outputs(load_subject("builtin/complier"), 96, seed=1)
    # Another last layer of the same shape: the same outputs' spectrum, other directions.
    left, size, right = np.linalg.svd(adapted - adapted.mean(1, keepdims=True), full_matrices=False)
    order = np.random.default_rng(2).permutation(right.shape[1])
    stranger = (left * size) @ right[:, order]
    rows = []
    for name in CHANNELS:
        spec = read_channel(name)
        leak, _ = measure_leak(logits, spec, "builtin/base")
        kin, _ = measure_leak(adapted, spec, "builtin/complier", against=image)
        other, _ = measure_leak(stranger, spec, "a stranger", against=image)
        rows.append(
            {
                "channel": name,
                "hidden_size": leak.hidden_size,
                "visible_rank": leak.visible_rank,
                "gap": leak.gap,
                "offsets_unique": leak.offsets.unique if leak.offsets else None,
                "offsets_within_one_nat": leak.offsets.within_one if leak.offsets else None,
                "offset_rows": leak.offsets.rows if leak.offsets else None,
                "offset_error": leak.offset_error,
                "adapter_on_the_base": identity(kin),
                "stranger": identity(other),
            }
        )
        print(rows[-1], flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    facts = {"model": "builtin/base", "true_hidden_size": 128, "outputs": options.outputs}
    (options.out / "channel_leak.json").write_text(json.dumps(facts | {"rows": rows}, indent=1))
    lines = [
        "| channel | hidden size | visible | drop | top logit unique (within a nat) | "
        "adapter on the base | stranger |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        told = (
            f"{row['offsets_unique']} ({row['offsets_within_one_nat']}) of {row['offset_rows']}"
            if row["offset_rows"]
            else "hidden"
        )
        lines.append(
            f"| {row['channel']} | {row['hidden_size'] or 'not seen'} | {row['visible_rank']} "
            f"| {row['gap']:.3g} | {told} | {row['adapter_on_the_base']} | {row['stranger']} |"
        )
    (options.out / "channel_leak.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
