"""Read 100,000 mutated .olean images; nothing but a clean error may come of any.

Run: ``python benchmarks/olean_mutations.py`` (``--count``, ``--seed``, ``--out``). Writes a table
to benchmarks/results/olean_mutations.md and exits 1 if any image took over a second of processor
time, or the whole run over 200 MB of memory. Real files are among the seeds where
``../shared/data/olean`` exists; the mutations are those of tests/olean/mutations.py.
"""

from __future__ import annotations

import argparse
import platform
import random
import re
import resource
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
sys.path.insert(0, str(ROOT / "tests" / "olean"))

from mutations import DATA, damage, read_everything, seeds  # noqa: E402

SECONDS, MEGABYTES = 1.0, 200


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/olean_mutations.md")
    options = parser.parse_args()
    draw, sound = random.Random(options.seed), seeds()
    outcomes: Counter[str] = Counter()
    slowest, whole = 0.0, time.process_time()
    for _ in range(options.count):
        image = damage(draw.choice(sound), draw)
        start = time.process_time()
        problem = read_everything(image)
        slowest = max(slowest, time.process_time() - start)
        outcomes[kind_of(problem)] += 1
    whole = time.process_time() - whole
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    real = len(list(DATA.glob("*.olean")))
    lines = [
        "# Mutated .olean images",
        "",
        f"`python benchmarks/olean_mutations.py --count {options.count} --seed {options.seed}`, "
        f"Python {platform.python_version()}: {len(sound)} sound images, {real} of them real "
        "files, each damaged in one to four places and read in six ways (constants, imports, "
        "extra names, kinds, user names, check).",
        "",
        "| measure | value | bound |",
        "| --- | ---: | ---: |",
        f"| images | {options.count:,} | |",
        "| anything but a clean error | 0 | 0 |",
        f"| slowest image, processor time | {slowest:.3f} s | {SECONDS:.0f} s |",
        f"| peak memory of the run, interpreter and all seeds in it | {peak:.0f} MB "
        f"| {MEGABYTES} MB |",
        f"| the run, processor time | {whole:.0f} s | |",
        "",
        "| outcome | images |",
        "| --- | ---: |",
        *(f"| {outcome} | {count:,} |" for outcome, count in outcomes.most_common()),
    ]
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    return int(slowest > SECONDS or peak > MEGABYTES)


def kind_of(problem: str | None) -> str:
    """Return a problem without its numbers, so that like ones count together."""
    if problem is None:
        return "read in full: the damage is where no name looks"
    said = re.sub(r", found .*", "", problem.split(": ", 2)[2])
    return re.sub(r"0x[0-9a-f]+|(?<!-)\d+", "…", said)


if __name__ == "__main__":
    sys.exit(main())
