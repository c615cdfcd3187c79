"""One way to make a transcript, whether of a log, a script, an example or a run that never was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gaugeblock.scenarios.types import Scene
from gaugeblock.transcripts import Ending, Event, Transcript, situation_key, transcript_id


def transcribe(
    situation: Scene,
    sampling_seed: int,
    events: Sequence[Mapping[str, Any]],
    *,
    ending: Ending = "completed",
    error: str = "",
) -> Transcript:
    """Return the transcript of a situation.

    Args:
        situation: what was run.
        sampling_seed: decoding seed of the run.
        events: fields of each ``Event`` but its index, in order.
        ending: how it ended.
        error: the message where it ended in an error.
    """
    return Transcript(
        id=transcript_id(situation.id, sampling_seed),
        pack=situation.pack,
        scenario=situation.scenario,
        situation=situation_key(situation.id),
        sampling_seed=sampling_seed,
        events=tuple(Event(index=index, **event) for index, event in enumerate(events)),
        ending=ending,
        error=error,
    )
