"""Where the runs of a grid are done: processes of this machine, or a Ray cluster.

Both take jobs and give them back as they end; what a run gives depends on neither.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.grids.jobs import LOG, Job, RunCell, perform, record_failure, state_of


class Engine(Protocol):
    """Does jobs, some at a time, and yields each when it has ended, well or not."""

    def __call__(self, jobs: Sequence[Job], run: RunCell, workers: int) -> Iterator[Job]:
        """Yield each job when it has ended."""
        ...


def local(jobs: Sequence[Job], run: RunCell, workers: int) -> Iterator[Job]:
    """Do each job in a process of its own, ``workers`` at a time, each with one thread.

    A fresh process for each run, so that no run can depend on what ran before it; a run whose
    process dies is recorded as failed. The processes end with this one, even if it is killed.
    """
    context = _context(run)
    waiting = list(reversed(jobs))
    running: dict[int, tuple[BaseProcess, Job]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                job = waiting.pop()
                process = context.Process(target=_child, args=(job, run), daemon=True)
                process.start()
                running[process.sentinel] = (process, job)
            for ended in connection.wait(list(running)):
                assert isinstance(ended, int)
                process, job = running.pop(ended)
                process.join()
                # A run that is there stays, even if its process stumbled on its way out.
                if process.exitcode and state_of(job) == "missing":
                    record_failure(job, "died", f"its process ended with code {process.exitcode}")
                yield job
    finally:
        for process, _ in running.values():
            process.terminate()
        for process, _ in running.values():
            process.join()


def on_ray(jobs: Sequence[Job], run: RunCell, workers: int) -> Iterator[Job]:
    """Do each job as a Ray task of one core, ``workers`` at a time.

    The directory must be one that every machine of the cluster sees under the same name.

    Raises:
        GaugeblockError: Ray is not installed.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise GaugeblockError(
            "Ray is not installed",
            where="--engine ray",
            remedy="pip install 'gaugeblock[scale]', or use --engine local",
        ) from error
    if not ray.is_initialized():
        ray.init(address=os.environ.get("RAY_ADDRESS"), log_to_driver=False)
    # max_calls=1: a process of its own for each run, as in the other engine.
    do = ray.remote(num_cpus=1, max_retries=0, max_calls=1)(_single_thread)
    waiting = list(reversed(jobs))
    running: dict[Any, Job] = {}
    while waiting or running:
        while waiting and len(running) < workers:
            job = waiting.pop()
            running[do.remote(job, run)] = job
        for ended in ray.wait(list(running), num_returns=1)[0]:
            job = running.pop(ended)
            try:
                ray.get(ended)
            # A worker that died must not stop the others.
            except Exception as error:
                if state_of(job) == "missing":
                    record_failure(job, "died", str(error))
            yield job


ENGINES: dict[str, Engine] = {"local": local, "ray": on_ray}


def _context(run: RunCell) -> Any:
    # A server that has loaded what the runs need forks faster than each run could load it; it has
    # one thread, so forking is safe.
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([run.__module__])
    return context


def _child(job: Job, run: RunCell) -> None:
    import signal

    # Ctrl-C reaches the whole group; the parent stops its children itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    # What libraries print would tear the progress bar; it is kept beside the run.
    log = job.out.with_name(job.out.name + LOG)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as kept:
        for stream in (1, 2):
            os.dup2(kept.fileno(), stream)
        _single_thread(job, run)


def _single_thread(job: Job, run: RunCell) -> None:
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
    perform(job, run)


def _die_with_parent() -> None:
    # Otherwise a run would go on after its grid was killed, and the next start would make it twice.
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
