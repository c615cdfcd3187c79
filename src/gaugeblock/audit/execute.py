"""Run the situations of a plan through Inspect; what is in the logs already is not run again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from inspect_ai import eval_set
from inspect_ai.model import Model, get_model

from gaugeblock.audit.coding import code_run
from gaugeblock.audit.collect import LOGS_FOLDER, samples, transcripts
from gaugeblock.audit.judge import append_judgement, judge_run, read_judgements, unread
from gaugeblock.audit.plan import JudgeSpec, Plan
from gaugeblock.audit.task import Shown, audit_task
from gaugeblock.models.inspect_model import inspect_model
from gaugeblock.scenarios.types import Scene, Situation
from gaugeblock.transcripts import Transcript, transcript_id

CONCURRENT = 64
"""Runs in flight: what a local batch holds."""

FLUSH_EVERY = 16
"""Finished samples after which the log is written: the most that a kill can cost."""

JUDGED_AT_ONCE = 16

RETRIES = 6
"""Attempts at one request before its run counts as failed."""


def run_situations(
    plan: Plan,
    situations: Sequence[Situation],
    out: Path,
    progress: Callable[[str, int, int], None],
) -> None:
    """Run what is not in the logs of an audit yet."""
    run_scenes(
        plan.subject.id,
        situations,
        out,
        _label,
        sampling_seed=plan.seeds.sampling_seed,
        temperature=plan.temperature,
        max_tokens=plan.max_tokens,
        token_limit=plan.token_limit,
        progress=lambda done, total: progress("run situations", done, total),
    )


def _label(transcript: Transcript, scene: Scene) -> Shown:
    if not isinstance(scene, Situation):
        raise TypeError("an audit runs situations")
    run = code_run(transcript, scene)
    return run.label, run.codes.model_dump(mode="json") if run.codes else {}


def run_scenes(
    subject: str,
    scenes: Sequence[Scene],
    out: Path,
    show: Callable[[Transcript, Scene], Shown],
    *,
    sampling_seed: int,
    temperature: float,
    max_tokens: int,
    token_limit: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Run what is not in the logs of a directory yet, so that the same call resumes.

    Args:
        subject: subject id.
        scenes: what to run.
        out: run directory; logs go into its folder of logs.
        show: what Inspect View shows of a finished run.
        sampling_seed: decoding seed.
        temperature: of the subject's decoding.
        max_tokens: longest single reply.
        token_limit: tokens a run may use in all, None for no limit.
        progress: called with the numbers of finished runs and of runs.
    """
    total = len(scenes)
    done = len({sample.id for sample in samples(out)})
    progress(min(done, total), total)
    if done >= total and _finished(out):
        return

    def one_more() -> None:
        nonlocal done
        done += 1
        progress(min(done, total), total)

    task = audit_task(
        scenes,
        show,
        sampling_seed=sampling_seed,
        temperature=temperature,
        max_tokens=max_tokens,
        token_limit=token_limit,
        progress=one_more,
    )
    eval_set(
        [task],
        log_dir=str(out / LOGS_FOLDER),
        model=inspect_model(subject),
        display="none",
        log_level="error",
        log_buffer=FLUSH_EVERY,
        log_realtime=False,
        log_model_api=False,
        max_samples=CONCURRENT,
        max_connections=CONCURRENT,
        max_retries=RETRIES,
        fail_on_error=False,
        retry_attempts=0,
        retry_immediate=False,
        score_display=False,
        ctl_server=False,
    )


def _finished(out: Path) -> bool:
    from inspect_ai.log import list_eval_logs, read_eval_log

    logs = list_eval_logs(str(out / LOGS_FOLDER))
    return any(read_eval_log(log, header_only=True).status == "success" for log in logs)


def judge_missing(
    plan: Plan,
    judge: JudgeSpec,
    situations: Sequence[Situation],
    out: Path,
    progress: Callable[[str, int, int], None],
) -> None:
    """Ask the grader about every run that predicates could not label and that has no answer yet."""
    where = {transcript_id(one.id, plan.seeds.sampling_seed): one for one in situations}
    open_runs = [
        one
        for one in transcripts(out, plan, situations)
        if one.ending != "error" and code_run(one, where[one.id]).label is None
    ]
    missing = unread(open_runs, read_judgements(out))
    model: Model = get_model(judge.model, memoize=False)

    async def ask() -> None:
        gate = asyncio.Semaphore(JUDGED_AT_ONCE)
        answered = len(open_runs) - len(missing)

        async def one(transcript: Transcript) -> None:
            nonlocal answered
            async with gate:
                codes = await judge_run(model, transcript, where[transcript.id])
            append_judgement(out, transcript.id, codes)
            answered += 1
            progress("judge runs", answered, len(open_runs))

        await asyncio.gather(*(one(transcript) for transcript in missing))

    if missing:
        asyncio.run(ask())
