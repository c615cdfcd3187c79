"""A grid in a directory: resumed, refused, its failures counted, nothing lost to kill -9."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from fake_cells import run_world

from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.cell_spec import CellSpec, GridSpec
from gaugeblock.pressure.grids.grid_file import Plan
from gaugeblock.pressure.grids.jobs import FAILED, LOG, failure_of, jobs_of
from gaugeblock.pressure.grids.schedule import load_plan_of, run_grid
from gaugeblock.pressure.kinds import Pressure
from gaugeblock.pressure.result import RESULT

NONE = Pressure(kind="none", through_gradient=False, weight=0)


def plan_of(*names: str, seeds: tuple[int, ...] = (0, 1), steps: int = 10) -> Plan:
    cells = tuple(CellSpec(name=name, pressure=NONE, steps=steps) for name in names)
    return Plan(
        grid=GridSpec(id="by-hand", version=1, base_seeds=(0, 1), seeds=seeds, cells=cells),
        questions=None,
    )


def files(out: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(out)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in (out / "runs").rglob("*")
        if path.is_file() and path.suffix != LOG
    }


def test_every_run_is_made_and_then_kept(tmp_path) -> None:
    seen = []
    plan = plan_of("none", "split")
    said = run_grid(plan, tmp_path, run_world, workers=2, progress=lambda *args: seen.append(args))
    assert said == {"finished": 4, "failed": 0, "missing": 0}
    assert seen == [("runs", i, 4) for i in range(5)]
    before = files(tmp_path)
    assert len(before) == 8
    assert {
        json.loads(b)["base_seed"] for name, (_, b) in before.items() if "run.json" in name
    } == {
        0,
        1,
    }
    assert run_grid(plan, tmp_path, run_world) == said
    assert files(tmp_path) == before


def test_what_fails_is_recorded_by_name_and_stops_nothing_else(tmp_path) -> None:
    plan = plan_of("breaks", "none", "dies")
    said = run_grid(plan, tmp_path, run_world, workers=2)
    assert said == {"finished": 2, "failed": 4, "missing": 0}
    found = {
        job.name: failure_of(job) for job in jobs_of(plan.grid, tmp_path) if "none" not in job.name
    }
    assert found["breaks seed 1"].error == "GaugeblockError"
    assert "step 1: the loss is not finite" in found["breaks seed 1"].message
    log = tmp_path / "runs/breaks/seed-1.log"
    assert "raise GaugeblockError" in log.read_text()
    assert found["dies seed 0"].message == "its process ended with code -9"
    assert not list(tmp_path.rglob("*.part"))
    before = files(tmp_path)
    run_grid(plan, tmp_path, run_world)
    assert files(tmp_path) == before


def test_a_failed_run_is_made_again_only_if_asked(tmp_path) -> None:
    plan = plan_of("none", seeds=(0,))
    (job,) = jobs_of(plan.grid, tmp_path)
    job.out.mkdir(parents=True)
    (job.out / FAILED).write_text('{"error": "MemoryError", "message": ""}')
    assert run_grid(plan, tmp_path, run_world)["failed"] == 1
    said = run_grid(plan, tmp_path, run_world, retry_failed=True)
    assert said == {"finished": 1, "failed": 0, "missing": 0}
    assert not (job.out / FAILED).exists()


def test_a_changed_grid_is_refused_by_what_changed(tmp_path) -> None:
    run_grid(plan_of("none", seeds=(0,)), tmp_path, run_world)
    with pytest.raises(GaugeblockError, match="cell none has another steps"):
        run_grid(plan_of("none", seeds=(0,), steps=20), tmp_path, run_world)
    with pytest.raises(GaugeblockError, match=r"seeds was \[0\], is \[0, 1\]; cell split is new"):
        run_grid(plan_of("none", "split"), tmp_path, run_world)
    with pytest.raises(GaugeblockError, match="cell none is gone"):
        run_grid(plan_of("split", seeds=(0,)), tmp_path, run_world)
    assert load_plan_of(tmp_path) == plan_of("none", seeds=(0,))


def test_a_run_of_another_cell_is_not_taken_for_this_one(tmp_path) -> None:
    plan = plan_of("none", "split", seeds=(0,))
    run_grid(plan, tmp_path, run_world)
    runs = tmp_path / "runs"
    for name in ("run.json", RESULT):
        (runs / "none/seed-0" / name).write_bytes((runs / "split/seed-0" / name).read_bytes())
    with pytest.raises(GaugeblockError, match="it is not the run of none seed 0"):
        run_grid(plan, tmp_path, run_world)


def test_an_unknown_engine_and_one_that_is_not_installed(tmp_path) -> None:
    with pytest.raises(GaugeblockError, match="no engine 'cloud'"):
        run_grid(plan_of("none"), tmp_path, run_world, engine="cloud")
    try:
        import ray  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(GaugeblockError, match=r"gaugeblock\[scale\]"):
            run_grid(plan_of("none"), tmp_path, run_world, engine="ray")


def test_ray_gives_the_same_runs(tmp_path) -> None:
    ray = pytest.importorskip("ray", reason="ray is not installed")
    plan = plan_of("none", "split", "breaks")
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        runtime_env={"env_vars": {"PYTHONPATH": os.pathsep.join(sys.path)}},
    )
    try:
        said = run_grid(plan, tmp_path / "ray", run_world, workers=2, engine="ray")
    finally:
        ray.shutdown()
    assert said == run_grid(plan, tmp_path / "local", run_world, workers=2)
    there, here = files(tmp_path / "ray"), files(tmp_path / "local")
    assert {name: text for name, (_, text) in there.items()} == {
        name: text for name, (_, text) in here.items()
    }


MAIN = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from gaugeblock.pressure.grids.schedule import run_grid
from test_pressure_grids_schedule import plan_of, stuck_at_one

if __name__ == "__main__":
    run_grid(plan_of("none", "split"), Path({out!r}), stuck_at_one, workers=2)
"""


def stuck_at_one(cell, base_seed, seed, out, bases):
    """Seed 0 ends; seed 1 leaves half a run, says so on a socket and never returns."""
    if seed == 0:
        return run_world(cell, base_seed, seed, out, bases)
    (out / "half").write_text("half")
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(os.environ["GRID_TEST_SOCKET"])
        line.recv(1)


def test_kill_9_loses_only_the_runs_in_flight(tmp_path, monkeypatch) -> None:
    # A path of a socket must be short.
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.setenv("GRID_TEST_SOCKET", f"{short}/s")
        listening.bind(f"{short}/s")
        listening.listen()
        listening.settimeout(120)
        script = MAIN.format(tests=str(Path(__file__).parent), out=str(tmp_path / "grid"))
        (tmp_path / "main.py").write_text(script)
        with subprocess.Popen([sys.executable, str(tmp_path / "main.py")]) as process:
            lines = [listening.accept()[0] for _ in range(2)]
            os.kill(process.pid, signal.SIGKILL)
        # The runs in flight end with the grid, so nothing goes on writing behind the next start:
        # a line closes when its process is gone.
        for line in lines:
            line.settimeout(120)
            assert line.recv(1) == b""
            line.close()
    before = files(tmp_path / "grid")
    assert sum(name.endswith(RESULT) for name in before) == 2
    assert sum(name.endswith("half") for name in before) == 2
    said = run_grid(plan_of("none", "split"), tmp_path / "grid", run_world)
    assert said == {"finished": 4, "failed": 0, "missing": 0}
    after = files(tmp_path / "grid")
    assert not any("part" in name for name in after)
    for name, kept in before.items():
        if "part" not in name:
            assert after[name] == kept


def test_two_grids_do_not_share_a_directory(tmp_path) -> None:
    fcntl = pytest.importorskip("fcntl")
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(GaugeblockError, match="another process runs a grid"):
            run_grid(plan_of("none"), tmp_path, run_world)
