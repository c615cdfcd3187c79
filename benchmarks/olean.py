"""Time the .olean reader beside reading the bytes alone and beside plain readers.

Run: ``python benchmarks/olean.py`` (``--megabytes``, ``--rounds``, ``--out``). It writes a
synthetic image (large_olean.py) into a temporary folder, reads it and the real files of
``../shared/data/olean`` where they exist, checks that all readers print the same names, and writes
benchmarks/results/olean.md. Times are processor times, which other work on the machine disturbs
least, the best of some rounds, each in a process of its own and without the interpreter's start.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))
sys.path.insert(0, str(ROOT / "tests" / "olean"))

from image_writer import image as small_image  # noqa: E402
from plain_readers import recursive_names, thorough_names  # noqa: E402

from gaugeblock.olean.olean import Olean  # noqa: E402

DATA = ROOT.parent / "shared" / "data" / "olean"
MODULE = ROOT / "src" / "gaugeblock" / "olean" / "olean.py"
REPEATS = 40  # of the small files, in one process


def ours(path: str, plain: bool = False) -> int:
    """Do what the command does, but for printing; return the bytes of the names."""
    with Olean(path) as olean:
        return sum(
            len("\n".join(block).encode()) for _, block in olean.blocks("constants", plain=plain)
        )


def read_bytes(path: str) -> int:
    with open(path, "rb") as file:
        return len(file.read())


READERS: dict[str, Callable[[str], object]] = {
    "reading the bytes": read_bytes,
    "gaugeblock": ours,
    "gaugeblock, --plain": lambda path: ours(path, plain=True),
    "plain reader, same job": lambda path: "\n".join(thorough_names(path)).encode(),
    "plain reader, trusting and bare": lambda path: "\n".join(recursive_names(path)).encode(),
}


def child(reader: str, paths: list[str], traced: bool) -> None:
    """Run one reader over files and print its time and memory as JSON."""
    read = READERS[reader]
    if traced:
        tracemalloc.start()
    repeats = 1 if len(paths) == 1 or traced else REPEATS
    start, wall = time.process_time(), time.perf_counter()
    for _ in range(repeats):
        for path in paths:
            read(path)
    took, waited = time.process_time() - start, time.perf_counter() - wall
    peak = tracemalloc.get_traced_memory()[1] if traced else 0
    status = Path("/proc/self/status").read_text(encoding="ascii")
    resident = 1024 * int(status.split("VmHWM:")[1].split()[0])
    print(json.dumps([took / repeats, waited / repeats, peak, resident]))


def measure(reader: str, paths: list[str], rounds: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", reader, *paths]

    def once(*extra: str) -> list[float]:
        done = subprocess.run([*command, *extra], capture_output=True, check=True, text=True)
        return list(json.loads(done.stdout))

    times = [once() for _ in range(rounds)]
    return {
        "cpu": min(row[0] for row in times),
        "wall": min(row[1] for row in times),
        "peak": once("--traced")[2],
        "resident": times[0][3],
    }


def table(paths: list[str], rounds: int) -> tuple[list[str], dict[str, dict[str, float]]]:
    rows = {reader: measure(reader, paths, rounds) for reader in READERS}
    base = rows["gaugeblock"]["cpu"]
    lines = [
        "| reader | processor time | wall | gaugeblock is faster by | peak heap | peak resident |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for reader, row in rows.items():
        lines.append(
            f"| {reader} | {1000 * row['cpu']:.1f} ms | {1000 * row['wall']:.1f} ms "
            f"| {row['cpu'] / base:.1f} "
            f"| {row['peak'] / 1e6:.1f} MB | {row['resident'] / 1e6:.0f} MB |"
        )
    return lines, rows


def start_up(path: Path) -> tuple[float, float]:
    """Return the best wall and processor time of the whole command on one file, in seconds."""
    wall, processor = [], []
    for _ in range(20):
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, MODULE, path], stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall.append(time.perf_counter() - start)
        processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(wall), min(processor)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/olean.md")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--traced", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.paths, options.traced)
        return 0

    from large_olean import large_image

    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "large.olean"
        constants, components = large_image(image, options.megabytes * 10**6)
        with Olean(str(image)) as olean:
            printed = list(olean.names())
            assert printed == thorough_names(str(image))
            assert list(olean.names(plain=True)) == recursive_names(str(image))
        size, text = image.stat().st_size, sum(len(name.encode()) + 1 for name in printed)
        load = os.getloadavg()[0]
        (Path(folder) / "small.olean").write_bytes(small_image(("Nat", "add")))
        waited, took = start_up(Path(folder) / "small.olean")
        large, rows = table([str(image)], options.rounds)
    best = rows["gaugeblock"]
    job, bare = rows["plain reader, same job"], rows["plain reader, trusting and bare"]
    read = rows["reading the bytes"]
    lines = [
        "# The .olean reader",
        "",
        f"`python benchmarks/olean.py --megabytes {options.megabytes}`, Python "
        f"{platform.python_version()}, {os.cpu_count()} cores, load {load:.1f} at the time. "
        "Peak heap is what Python allocated (tracemalloc); peak resident also counts the pages "
        "of the file, which the system can take back at any time.",
        "",
        f"## A synthetic image of {size / 1e6:.0f} MB",
        "",
        f"{constants:,} constants of {components / constants:.1f} components on average; the "
        f"names are {text / 1e6:.1f} MB of text.",
        "",
        *large,
        "",
        f"Beside the plain reader that does the same job (checks what it reads, prints as Lean "
        f"does): {job['cpu'] / best['cpu']:.1f} times as fast; beside the one that trusts the file "
        f"and prints bare components: {bare['cpu'] / rows['gaugeblock, --plain']['cpu']:.1f} times "
        f"(--plain). The heap peaks at {best['peak'] / text:.1f} times the text of the names.",
        "",
        f"What stands between it and reading the bytes "
        f"({best['cpu'] / read['cpu']:.1f} times their time): "
        f"{1e6 * best['cpu'] / constants:.1f} microseconds a constant. A name, its prefix and its "
        "string lie apart in the file, and constNames has no order, so nearly every constant "
        "costs several accesses to cold memory and one page of the map, besides some forty steps "
        "of the interpreter and the checks.",
        "",
    ]
    files = sorted(map(str, DATA.glob("*.olean")))
    if files:
        small, _ = table(files, options.rounds)
        biggest = max(files, key=os.path.getsize)
        big, _ = table([biggest] * 2, options.rounds)
        lines += [
            f"## The {len(files)} real files, all of them once",
            "",
            *small,
            "",
            "Opening and mapping a file costs more than the names of a small one.",
            "",
            f"## The largest real file, {Path(biggest).name}, twice",
            "",
            *big,
            "",
        ]
    lines += [
        "## Starting up",
        "",
        f"The whole command, interpreter included, on a file with one name: {took:.3f} s of "
        f"processor time, {waited:.3f} s by the clock under the load above.",
        "",
    ]
    options.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
