"""Transcripts: what a subject did, in a form that names neither subject nor ground truth."""

from gaugeblock.transcripts.types import (
    TRANSCRIPT_VERSION,
    Ending,
    Event,
    EventKind,
    Transcript,
    situation_key,
    transcript_id,
)

__all__ = [
    "TRANSCRIPT_VERSION",
    "Ending",
    "Event",
    "EventKind",
    "Transcript",
    "situation_key",
    "transcript_id",
]
