"""One run of a grid as a job: where it lives, whether it is done, how it is done without traces."""

from __future__ import annotations

import shutil
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.pressure.cell_spec import CellSpec, GridSpec
from gaugeblock.pressure.loop.record import RUN, SeedRun, cell_digest, load_seed_run
from gaugeblock.pressure.result import RESULT, load_audit

RunCell = Callable[[CellSpec, int, int, Path, Path], SeedRun]
"""Cell, base seed, seed, directory of the run, directory of the references."""

FAILED = "failed.json"
PART = ".part"
"""A run's directory has this suffix until it is done, so that half a run is never taken for one."""

LOG = ".log"
"""What a run printed, and where it failed, stands beside its directory under this suffix."""

State = Literal["finished", "failed", "missing"]


class Failure(Record):
    """Why a run has no audit.

    Attributes:
        error: name of the error's class, or "died".
        message: what it said.
    """

    error: str
    message: str


class Job(Record):
    """One cell with one seed.

    Attributes:
        cell: what is done.
        base_seed: seed of the reference.
        seed: of the training.
        out: directory of the run.
        bases: directory of the references.
    """

    cell: CellSpec
    base_seed: int
    seed: int
    out: Path
    bases: Path

    @property
    def name(self) -> str:
        """For people: ``penalty seed 3``."""
        return f"{self.cell.name} seed {self.seed}"


def jobs_of(grid: GridSpec, out: Path) -> list[Job]:
    """Return every run of a grid in the order in which they are made.

    A few seeds of every cell come first, one for each reference: what is there early is of every
    cell, and neighbours have different references, so that two workers do not make one twice.
    """
    many = len(grid.base_seeds)
    rounds = range(0, len(grid.seeds), many)
    return [
        Job(
            cell=cell,
            base_seed=grid.base_seeds[i % many],
            seed=grid.seeds[i],
            out=out / "runs" / cell.name / f"seed-{grid.seeds[i]}",
            bases=out / "bases",
        )
        for first in rounds
        for cell in grid.cells
        for i in range(first, min(first + many, len(grid.seeds)))
    ]


def state_of(job: Job) -> State:
    """Return whether a run is there.

    Raises:
        GaugeblockError: something is there that is not this run.
    """
    if (job.out / RESULT).is_file():
        found = load_seed_run(job.out / RUN)
        if (found.digest, found.base_seed, found.seed) != (
            cell_digest(job.cell),
            job.base_seed,
            job.seed,
        ):
            raise GaugeblockError(
                f"it is not the run of {job.name}",
                where=job.out,
                remedy="Use another directory, or remove this one",
            )
        if load_audit(job.out / RESULT).measured.run != found.run:
            raise GaugeblockError(f"{RUN} and {RESULT} are of two runs", where=job.out)
        return "finished"
    return "failed" if (job.out / FAILED).is_file() else "missing"


def failure_of(job: Job) -> Failure:
    """Return why a run failed.

    Raises:
        GaugeblockError: the file cannot be read.
    """
    path = job.out / FAILED
    try:
        return Failure.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise GaugeblockError("not the record of a failure", where=path) from error


def perform(job: Job, run: RunCell) -> None:
    """Do one run; whatever it raises becomes its record of failure, and nothing is left half done.

    The run is made in a directory beside its own, which takes its name when all is written.
    """
    part = job.out.with_name(job.out.name + PART)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        run(job.cell, job.base_seed, job.seed, part, job.bases)
        if not (part / RESULT).is_file():
            raise GaugeblockError(f"the run ended without {RESULT}", where=job.name)
    # A run must not stop the others, whatever it raises.
    except Exception as error:
        traceback.print_exc()
        record_failure(job, type(error).__name__, str(error))
        return
    shutil.rmtree(job.out, ignore_errors=True)
    part.rename(job.out)


def record_failure(job: Job, error: str, message: str) -> None:
    """Write why a run failed; what it left behind is removed."""
    part = job.out.with_name(job.out.name + PART)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    said = Failure(error=error, message=message)
    (part / FAILED).write_text(said.model_dump_json(indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(job.out, ignore_errors=True)
    part.rename(job.out)
