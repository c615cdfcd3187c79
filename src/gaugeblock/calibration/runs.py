"""Run a subject through scenes in a folder that resumes, and return what was said and done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from gaugeblock.audit.collect import transcripts_of
from gaugeblock.audit.execute import run_scenes
from gaugeblock.scenarios.types import Scene
from gaugeblock.transcripts import Transcript

MAX_TOKENS = 400
SAMPLING_SEED = 0

Progress = Callable[[str, int, int], None]
"""Called with a stage, the number of finished runs and the number of runs."""


def converse(
    subject: str, scenes: Sequence[Scene], folder: Path, *, temperature: float, progress: Progress
) -> tuple[Transcript, ...]:
    """Return one transcript for each scene, in order.

    Args:
        subject: subject id.
        scenes: what to run.
        folder: where logs go; the same call there resumes.
        temperature: of the subject's decoding.
        progress: told of finished runs.
    """
    run_scenes(
        subject,
        scenes,
        folder,
        lambda transcript, scene: (None, {}),
        sampling_seed=SAMPLING_SEED,
        temperature=temperature,
        max_tokens=MAX_TOKENS,
        progress=lambda done, total: progress(f"{subject}: {folder.name}", done, total),
    )
    return transcripts_of(folder, scenes, SAMPLING_SEED)
