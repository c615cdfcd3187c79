"""Run a grid in a directory: what is there is kept, what is missing is made."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.grids.engines import ENGINES
from gaugeblock.pressure.grids.grid_file import Plan, what_changed
from gaugeblock.pressure.grids.jobs import RunCell, State, jobs_of, state_of

PLAN = "plan.json"
"""The grid and its questions, written into the directory before the first run."""

LOCK = ".lock"

Progress = Callable[[str, int, int], None]


def run_grid(
    plan: Plan,
    out: Path,
    run: RunCell,
    *,
    workers: int = 1,
    engine: str = "local",
    retry_failed: bool = False,
    progress: Progress = lambda stage, done, total: None,
) -> dict[State, int]:
    """Make every run of a grid that is not there yet; return how many are in which state.

    Args:
        plan: what to run.
        out: directory; holds ``plan.json``, ``runs/CELL/seed-N`` and the references.
        run: does one run, as ``pressure.loop.run.run_cell``.
        workers: runs at a time.
        engine: "local" or "ray".
        retry_failed: whether to make again what failed before; otherwise it stays failed.
        progress: told stage, runs done and runs in all.

    Raises:
        GaugeblockError: the directory holds another grid, or another process works in it; no
            such engine.
    """
    if engine not in ENGINES:
        raise GaugeblockError(
            f"no engine '{engine}'", where="--engine", remedy=f"One of {', '.join(ENGINES)}"
        )
    out.mkdir(parents=True, exist_ok=True)
    # Workers may run elsewhere, or in another directory.
    out = out.resolve()
    with _alone(out):
        _claim(plan, out)
        jobs = jobs_of(plan.grid, out)
        states = {job.out: state_of(job) for job in jobs}
        again: tuple[State, ...] = ("missing", "failed") if retry_failed else ("missing",)
        wanted = [job for job in jobs if states[job.out] in again]
        done = len(jobs) - len(wanted)
        progress("runs", done, len(jobs))
        for job in ENGINES[engine](wanted, run, workers) if wanted else ():
            states[job.out] = state_of(job)
            done += 1
            progress("runs", done, len(jobs))
    kinds: tuple[State, ...] = ("finished", "failed", "missing")
    return {kind: list(states.values()).count(kind) for kind in kinds}


def load_plan_of(out: Path) -> Plan:
    """Return the plan of a directory of runs.

    Raises:
        GaugeblockError: no such directory, or not one of a grid.
    """
    path = out / PLAN
    try:
        return Plan.model_validate_json(path.read_bytes())
    except OSError as error:
        raise GaugeblockError("no grid was run in this directory", where=out) from error
    except ValidationError as error:
        raise GaugeblockError(f"not the plan of a grid ({error})", where=path) from error


def _claim(plan: Plan, out: Path) -> None:
    path = out / PLAN
    if not path.is_file():
        written = path.with_suffix(".part")
        written.write_text(plan.model_dump_json(indent=1) + "\n", encoding="utf-8")
        written.replace(path)
        return
    changed = what_changed(load_plan_of(out), plan)
    if changed:
        raise GaugeblockError(
            f"this directory holds another grid: {'; '.join(changed)}",
            where=out,
            remedy="Give another --out; results of a grid that was changed are not its results",
        )


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold the directory; the lock goes with the process, however it ends."""
    try:
        import fcntl
    except ModuleNotFoundError:
        # Windows has none; two grids in one directory are then the caller's care.
        yield
        return
    with (out / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise GaugeblockError(
                "another process runs a grid in this directory",
                where=out,
                remedy="Wait for it, or give another --out",
            ) from error
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
