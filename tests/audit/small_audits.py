"""Audits without their page, whose figures take longer than a small audit itself."""

from __future__ import annotations

from pathlib import Path

from gaugeblock.audit.coding import CodedRun
from gaugeblock.audit.collect import coded_runs
from gaugeblock.audit.execute import run_situations
from gaugeblock.audit.plan import settle
from gaugeblock.audit.run import make_plan, rebuild
from gaugeblock.report import Report


def small_audit(subject: str, out: Path, samples: int) -> tuple[Report, tuple[CodedRun, ...]]:
    """Return the report and the coded runs of a controlled audit without sampling noise."""
    plan = make_plan(subject, samples=samples, temperature=0.0, rendering="controlled")
    settle(plan, out)
    run_situations(plan, plan.situations(), out, lambda *_: None)
    return rebuild(plan, out), coded_runs(out, plan)
