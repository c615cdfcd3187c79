"""Run one situation of an audit again: does the witness do it a second time?"""

from __future__ import annotations

import tempfile
from pathlib import Path

from gaugeblock.audit.coding import CodedRun, code_run
from gaugeblock.audit.plan import Plan, read_plan
from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.transcripts import Transcript, transcript_id


class Replay(Record):
    """A run and its replays.

    Attributes:
        transcript: id of the recorded run.
        recorded: its label.
        again: label of each replay, by sampling seed.
        identical: whether the replay with the recorded seed has the same events.
        run: the replay with the recorded seed.
    """

    transcript: str
    recorded: str | None
    again: dict[int, str | None]
    identical: bool
    run: Transcript


def replay(run: str | Path, transcript: str | None = None, *, seeds: int = 1) -> Replay:
    """Run a recorded situation again, with its sampling seed and with ``seeds - 1`` others.

    Args:
        run: directory of an audit.
        transcript: id of the run; None: the first witness of the report.
        seeds: how many replays, the first with the recorded seed.

    Raises:
        GaugeblockError: no such run or transcript, no witness, or the subject's weights changed.
    """
    from gaugeblock.audit.collect import coded_runs
    from gaugeblock.models.subjects import resolve_subject

    folder = Path(run)
    plan = read_plan(folder)
    runs = {one.transcript.id: one for one in coded_runs(folder, plan)}
    ident = transcript or _first_witness(folder)
    if ident not in runs:
        raise GaugeblockError(f"there is no run '{ident}'", where=folder)
    now = resolve_subject(plan.subject.id)
    if now.plant_sha256 != plan.subject.plant_sha256:
        raise GaugeblockError("the subject's plant is not that of the audit", where=folder)
    if now.fingerprint != plan.subject.fingerprint:
        raise GaugeblockError("the subject's weights are not those of the audit", where=folder)
    recorded = runs[ident]
    base = plan.seeds.sampling_seed
    again = [_once(plan, recorded, base + number) for number in range(max(1, seeds))]
    return Replay(
        transcript=ident,
        recorded=recorded.label,
        again={base + number: one.label for number, one in enumerate(again)},
        identical=again[0].transcript.events == recorded.transcript.events,
        run=again[0].transcript,
    )


def _once(plan: Plan, recorded: CodedRun, sampling_seed: int) -> CodedRun:
    from gaugeblock.audit.collect import transcripts
    from gaugeblock.audit.execute import run_situations

    seeds = plan.seeds.model_copy(update={"sampling_seed": sampling_seed})
    again = plan.model_copy(update={"seeds": seeds})
    situation = recorded.situation
    with tempfile.TemporaryDirectory(prefix="gaugeblock-replay-") as folder:
        run_situations(again, (situation,), Path(folder), lambda *_: None)
        (transcript,) = transcripts(Path(folder), again, (situation,))
    assert transcript.id == transcript_id(situation.id, sampling_seed)
    return code_run(transcript, situation)


def _first_witness(folder: Path) -> str:
    from gaugeblock.report import read_report

    for claim in read_report(folder).claims:
        if claim.witness is not None:
            return claim.witness
    raise GaugeblockError(
        "the report has no witness", where=folder, remedy="Name a transcript of the report"
    )
