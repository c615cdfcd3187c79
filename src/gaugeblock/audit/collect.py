"""From the logs of a run directory to coded runs and provenance: the input of every number."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from inspect_ai.log import EvalLog, EvalSample, list_eval_logs, read_eval_log, read_eval_log_samples

from gaugeblock.audit.coding import CodedRun, code_run
from gaugeblock.audit.judge import JUDGEMENTS_FILE, read_judgements
from gaugeblock.audit.normalise import transcript_of_sample
from gaugeblock.audit.plan import PLAN_FILE, Plan
from gaugeblock.audit.transcribe import transcribe
from gaugeblock.errors import GaugeblockError
from gaugeblock.scenarios.types import Scene, Situation
from gaugeblock.transcripts import Transcript, transcript_id

LOGS_FOLDER = "logs"


def transcripts(run: Path, plan: Plan, situations: Sequence[Situation]) -> tuple[Transcript, ...]:
    """Return one transcript per situation of an audit, in order; see ``transcripts_of``."""
    return transcripts_of(run, situations, plan.seeds.sampling_seed)


def transcripts_of(
    run: Path, scenes: Sequence[Scene], sampling_seed: int
) -> tuple[Transcript, ...]:
    """Return one transcript per scene, in order; a sample that is in no log is "error".

    A sample that is in several logs (an earlier attempt and a later one) is taken from the one
    that finished it, so that nothing is counted twice.
    """
    wanted = {transcript_id(one.id, sampling_seed): one for one in scenes}
    found: dict[str, Transcript] = {}
    for sample in samples(run):
        ident = str(sample.id)
        scene = wanted.get(ident)
        if scene is None:
            continue
        transcript = transcript_of_sample(sample, scene, sampling_seed)
        if ident not in found or found[ident].ending == "error":
            found[ident] = transcript
    return tuple(
        found.get(ident)
        or transcribe(scene, sampling_seed, (), ending="error", error="the run is in no log")
        for ident, scene in wanted.items()
    )


def samples(run: Path) -> Iterator[EvalSample]:
    """Yield the samples of every log of a run, oldest log first.

    Raises:
        GaugeblockError: a log cannot be read.
    """
    for path in log_files(run):
        try:
            header: EvalLog = read_eval_log(str(path), header_only=True)
            yield from read_eval_log_samples(
                str(path), all_samples_required=header.status == "success"
            )
        except (ValueError, OSError, KeyError, EOFError, RuntimeError) as error:
            raise GaugeblockError(
                f"this Inspect log cannot be read ({type(error).__name__})", where=path
            ) from error


def log_files(run: Path) -> list[Path]:
    """Return the Inspect logs of a run, oldest first."""
    folder = run / LOGS_FOLDER
    if not folder.is_dir():
        return []
    names = (info.name for info in list_eval_logs(str(folder), descending=False))
    return [Path(name.removeprefix("file://")) for name in names]


def coded_runs(run: Path, plan: Plan) -> tuple[CodedRun, ...]:
    """Return every run of an audit, coded, one per situation of the plan."""
    situations = plan.situations()
    judged = read_judgements(run)
    return tuple(
        code_run(transcript, situation, judged.get(transcript.id))
        for transcript, situation in zip(
            transcripts(run, plan, situations), situations, strict=True
        )
    )


def provenance(run: Path) -> dict[str, str]:
    """Return the SHA-256 of every file the report is made from, by its name in the directory."""
    run = run.resolve()  # Inspect names its logs by absolute path
    files = [run / PLAN_FILE, *log_files(run)]
    if (run / JUDGEMENTS_FILE).exists():
        files.append(run / JUDGEMENTS_FILE)
    return {
        str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }
