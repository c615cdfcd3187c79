"""What recording costs beside the bare backbone, and that a stream's memory does not grow.

Usage: python benchmarks/recording.py [--rounds 9] [--peer NAME=PYTHON ...] [--out FILE]

``--peer nnsight=/path/to/python`` times that peer in its own environment, on the same model and
batches; names are nnsight and transformer-lens. Rounds are interleaved and counted in CPU seconds of
one thread, and each contestant is compared with a bare run in the same round; read the ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

import recording_workload as workload
from gaugeblock.models.activations import Moments, record, self_test, stream
from gaugeblock.models.activations.batching import batches
from gaugeblock.models.loading import LoadedModel

HERE = Path(__file__).parent
LIMITS = {"all layers": 1.08, "half-way": 0.6, "memory": 1.05}


def speed(rounds: int) -> dict[str, Any]:
    loaded = LoadedModel("llama-12x512", workload.model(), None)
    self_test(loaded)
    texts = workload.texts()
    backbone = loaded.model.model
    cut = list(batches(texts, batch_tokens=workload.BATCH_TOKENS, padding="right", pad=0))

    def bare() -> None:
        with torch.inference_mode():
            for batch in cut:
                backbone(input_ids=batch.ids, attention_mask=batch.mask, use_cache=False)

    def with_head() -> None:
        with torch.inference_mode():
            for batch in cut:
                loaded.model(input_ids=batch.ids, attention_mask=batch.mask, use_cache=False)

    def recorded(layers: list[int] | None = None) -> None:
        chosen = range(workload.LAYERS) if layers is None else layers
        record(loaded, texts, list(chosen), "mean", batch_tokens=workload.BATCH_TOKENS)

    half = workload.LAYERS // 2 - 1
    runs = {
        "bare backbone": bare,
        "record, all layers": recorded,
        f"record, layers 0 to {half}": lambda: recorded(list(range(half + 1))),
        f"record, layer {half} only": lambda: recorded([half]),
        "whole model with lm_head": with_head,
    }
    return workload.summary(workload.paired(runs, rounds), "bare backbone")


def many(count: int) -> Iterator[list[int]]:
    rng = np.random.default_rng(1)
    for _ in range(count):
        yield rng.integers(3, 500, size=rng.integers(8, 48)).tolist()


def peak_of_stream(count: int) -> None:
    """Print this process's memory in MiB: loaded, at its peak, and after streaming the texts."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=512,
        hidden_size=96,
        intermediate_size=192,
        num_hidden_layers=4,
        num_attention_heads=4,
        pad_token_id=0,
    )
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    loaded = LoadedModel("llama-4x96", model, None)
    self_test(loaded)
    before = resident()
    stream(loaded, many(count), [Moments()], "all", "mean")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"loaded": before, "peak": round(peak, 1), "at the end": resident()}))


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * resource.getpagesize() / 2**20, 1)


def memory() -> dict[str, Any]:
    command = [sys.executable, __file__, "--peak-of-stream"]
    found = {
        count: json.loads(
            subprocess.run([*command, str(count)], capture_output=True, check=True).stdout
        )
        for count in (1_000, 20_000)
    }
    return {
        "MiB, 1000 texts": found[1_000],
        "MiB, 20000 texts": found[20_000],
        "ratio of peaks": round(found[20_000]["peak"] / found[1_000]["peak"], 4),
        "ratio at the end": round(found[20_000]["at the end"] / found[1_000]["at the end"], 4),
    }


def peer(name: str, python: str, rounds: int) -> Any:
    script = HERE / "peers" / "recording_peer.py"
    environment = os.environ | {"PYTHONPATH": str(HERE)}
    done = subprocess.run(
        [python, str(script), name, str(rounds)], capture_output=True, check=True, env=environment
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--out", type=Path, default=HERE / "results" / "recording.json")
    parser.add_argument("--peak-of-stream", type=int)
    arguments = parser.parse_args()
    if arguments.peak_of_stream:
        peak_of_stream(arguments.peak_of_stream)
        return
    transformers.logging.set_verbosity_error()
    load = [round(os.getloadavg()[0], 2)]
    times = speed(arguments.rounds)
    load.append(round(os.getloadavg()[0], 2))
    memory_used = memory()
    half = f"record, layers 0 to {workload.LAYERS // 2 - 1}"
    report = {
        "machine": f"{platform.machine()}, 1 thread, {os.cpu_count()} cores shared with other work",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "workload": "Llama 12 x 512, vocabulary 32,000, float32; 40 texts of 12 to 63 tokens, "
        f"at most {workload.BATCH_TOKENS} positions a batch; mean over tokens of every layer",
        "rounds": arguments.rounds,
        "load average at start and end of the timing": load,
        "limits": LIMITS,
        "within": {
            "all layers": times["record, all layers"]["paired ratio, median"]
            <= LIMITS["all layers"],
            "half-way": times[half]["paired ratio, median"] <= LIMITS["half-way"],
            "memory": max(memory_used["ratio of peaks"], memory_used["ratio at the end"])
            <= LIMITS["memory"],
        },
        "speed": times,
        "memory of a stream": memory_used,
        "peers": {
            name: peer(name, python, arguments.rounds)
            for name, python in (item.split("=", 1) for item in arguments.peer)
        },
    }
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
