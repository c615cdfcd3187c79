"""From a transcript to an activation probe: what the subject wrote, read where it wrote it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gaugeblock.detectors.contract import DetectorScore, Unit
from gaugeblock.detectors.files import load_probe
from gaugeblock.detectors.probe import Probe
from gaugeblock.detectors.telling import BY_SUBJECT, as_turns, told_call
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.capabilities import Capability
from gaugeblock.transcripts import Event, EventKind, Transcript

if TYPE_CHECKING:
    from gaugeblock.models.activations.pooling import Pooling
    from gaugeblock.models.loading import LoadedModel

Span = tuple[int, int]


class ActivationMonitor:
    """Score = a probe on one block's activations, pooled over the tokens of chosen events.

    The transcript is rendered by the model's chat template, or as plain lines where there is
    none. Tokens belong to an event where the template put its words (a call: its arguments).

    Args:
        loaded: the model that reads, usually the subject itself.
        probe: a fitted probe on pooled activations (n, d).
        layer: block whose output is read.
        concept: what a high score is taken to mean.
        at: how the chosen tokens are pooled.
        kinds: events whose tokens are read; the default is all that the subject wrote.
        name: in reports.
    """

    needs: frozenset[Capability] = frozenset({"activations"})

    def __init__(
        self,
        loaded: LoadedModel,
        probe: Probe,
        layer: int,
        concept: str,
        *,
        at: Pooling = "mean",
        kinds: Sequence[EventKind] = BY_SUBJECT,
        name: str = "activation monitor",
    ) -> None:
        self.name, self.concept = name, concept
        self.unit: Unit = probe.unit
        self._loaded, self._probe, self._layer, self._at = loaded, probe, layer, at
        self._kinds = tuple(kinds)

    @classmethod
    def from_file(cls, path: Path, loaded: LoadedModel, **options: Any) -> ActivationMonitor:
        """Return the monitor of a detector file; ``options`` are those of the constructor.

        Raises:
            GaugeblockError: as ``load_probe``; another model's detector; a card without a layer.
        """
        from gaugeblock.models.activations import model_fingerprint

        probe, card = load_probe(path, model=model_fingerprint(loaded.model))
        if card.layer is None or card.at not in ("last", "mean", "max"):
            raise GaugeblockError("the card names no layer and pooling to read", where=path)
        return cls(loaded, probe, card.layer, card.concept, **{"at": card.at, **options})

    def score(self, transcripts: Sequence[Transcript]) -> list[DetectorScore]:
        """Return one score per transcript; missing where nothing of it could be read."""
        from gaugeblock.models.activations import TokenMask, record

        rows: list[list[int]] = []
        masks: list[Any] = []
        reasons: list[str] = []
        for transcript in transcripts:
            ids, mask, reason = self._encoded(transcript)
            reasons.append(reason)
            if not reason:
                rows.append(ids)
                masks.append(mask)
        values = iter(())
        if rows:
            found = record(self._loaded, rows, [self._layer], TokenMask(masks, self._at))
            values = iter(self._probe.score(found.values[:, 0]).tolist())
        return [
            DetectorScore(
                transcript=transcript.id,
                value=None if reason else next(values),
                unit=self.unit,
                missing=reason,
            )
            for transcript, reason in zip(transcripts, reasons, strict=True)
        ]

    def _encoded(self, transcript: Transcript) -> tuple[list[int], Any, str]:
        if transcript.ending == "error":
            return [], None, "the run ended in an error"
        text, spans = rendered(self._loaded.tokenizer, transcript, self._kinds)
        encoded = self._loaded.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, verbose=False
        )
        ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
        mask = np.array(
            [any(a < end and b > begin for begin, end in spans) for a, b in offsets], dtype=bool
        )
        limit = self._loaded.context
        if limit is not None and len(ids) > limit:
            return [], None, f"it has {len(ids)} tokens and the model takes {limit}"
        if not mask.any():
            return [], None, f"it has no token of {', '.join(self._kinds)}"
        return ids, mask, ""


def rendered(
    tokenizer: Any, transcript: Transcript, kinds: Sequence[EventKind]
) -> tuple[str, list[Span]]:
    """Return a transcript as a model reads it, and where the words of the chosen events stand.

    Args:
        tokenizer: its chat template is used where it has one.
        transcript: the run.
        kinds: events whose places are wanted.

    Raises:
        GaugeblockError: the template refuses the conversation.
    """
    turns = as_turns(transcript)
    messages = []
    native = bool(getattr(tokenizer, "chat_template", None))
    for role, events in turns:
        message: dict[str, Any] = {"role": role}
        said = [e.text for e in events if e.kind not in ("reasoning", "tool_call")]
        calls = [e for e in events if e.kind == "tool_call"]
        if calls and native:
            message["tool_calls"] = [
                {"type": "function", "function": {"name": e.tool or "", "arguments": e.arguments}}
                for e in calls
            ]
        else:
            said += [told_call(e) for e in calls]
        message["content"] = "\n".join(said)
        if thoughts := "\n".join(e.text for e in events if e.kind == "reasoning"):
            message["reasoning_content"] = thoughts
        if role == "tool":
            message["name"] = events[0].tool or ""
        messages.append(message)
    if native:
        from gaugeblock.models.generation import render_prompt

        text = render_prompt(tokenizer, messages)
    else:
        text = "\n".join(
            f"{m['role']}: " + "\n".join(filter(None, [m.get("reasoning_content"), m["content"]]))
            for m in messages
        )
    spans: list[Span] = []
    cursor = 0
    for _, events in turns:
        # Templates put reasoning first and calls last; what one leaves out is not read.
        for event in sorted(events, key=lambda e: (e.kind != "reasoning", e.kind == "tool_call")):
            words = _words(event, native)
            start = text.find(words, cursor) if words else -1
            if start < 0:
                continue
            cursor = start + len(words)
            if event.kind in kinds:
                spans.append((start, cursor))
    return text, spans


def _words(event: Event, native: bool) -> str:
    if event.kind != "tool_call":
        return event.text.strip()
    return json.dumps(event.arguments, ensure_ascii=False) if native else told_call(event)
