"""What Inspect, coding and the report cost beyond generation, per sample.

    python benchmarks/audit_overhead.py [--samples N] [--repeats N]

One audit of `builtin/enforcer` is timed in parts. Then the very requests it made are generated again,
in the same order and batch size, through `generate` alone: the physical limit of the same work on this
machine in the same process. The difference per sample is the overhead; the target is 60 ms.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from gaugeblock.audit.execute import CONCURRENT, run_situations
from gaugeblock.audit.plan import settle
from gaugeblock.audit.run import make_plan, rebuild
from gaugeblock.models.batching import BatchWorker
from gaugeblock.models.generation import generate
from gaugeblock.models.loading import load_subject
from gaugeblock.models.requests import GenerationRequest
from gaugeblock.report import write_report

RESULTS = Path(__file__).parent / "results"
TARGET_MS = 60.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=360)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    rows = [measure(options.samples) for _ in range(options.repeats)]
    medians = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    per_sample = {key: 1000 * value / options.samples for key, value in medians.items()}
    overhead = per_sample["run"] + per_sample["rebuild"] - per_sample["generate"]
    lines = [
        f"{options.samples} samples of `builtin/enforcer`, median of {options.repeats} repeats, one torch thread.",
        "",
        "| part | s | ms per sample |",
        "|---|---:|---:|",
        f"| the same requests through `generate` alone | {medians['generate']:.1f} | {per_sample['generate']:.1f} |",
        f"| run under Inspect, scorer included | {medians['run']:.1f} | {per_sample['run']:.1f} |",
        f"| read the logs, code, conclude, assemble | {medians['rebuild']:.1f} | {per_sample['rebuild']:.1f} |",
        f"| **overhead** (run + read and code - generate) | | **{overhead:.1f}** (target {TARGET_MS:.0f}) |",
        f"| write report.json and report.html (once) | {medians['write']:.1f} | |",
    ]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "audit_overhead.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def measure(samples: int) -> dict[str, float]:
    """Return seconds of each part of one audit."""
    plan = make_plan("builtin/enforcer", samples=samples)
    asked: list[GenerationRequest] = []
    submit = BatchWorker.submit

    def recording(self: BatchWorker, request: GenerationRequest) -> object:
        asked.append(request)
        return submit(self, request)

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        settle(plan, out)
        BatchWorker.submit = recording  # type: ignore[method-assign,assignment]
        try:
            started = time.perf_counter()
            run_situations(plan, plan.situations(), out, lambda *_: None)
            ran = time.perf_counter() - started
        finally:
            BatchWorker.submit = submit  # type: ignore[method-assign]
        started = time.perf_counter()
        report = rebuild(plan, out)
        rebuilt = time.perf_counter() - started
        started = time.perf_counter()
        write_report(report, out)
        written = time.perf_counter() - started
    loaded = load_subject("builtin/enforcer")
    started = time.perf_counter()
    generate(loaded, asked, max_batch=CONCURRENT)
    generated = time.perf_counter() - started
    return {"run": ran, "rebuild": rebuilt, "write": written, "generate": generated}


if __name__ == "__main__":
    main()
