"""Who speaks in a conversation: a model, an organism or its twin by dial, or a planted model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from gaugeblock.models.backend import ChatBackend, Decoding, Prompt
from gaugeblock.models.batching import BatchWorker
from gaugeblock.models.dial import plays_organism
from gaugeblock.models.plants import load_plant, split_plant, with_instruction
from gaugeblock.models.requests import Generation
from gaugeblock.models.subjects import subject_dial


def chat_backend(subject: str, workers: Sequence[BatchWorker]) -> ChatBackend:
    """Return a local subject to talk to.

    Args:
        subject: its id.
        workers: one for each of ``subjects.sides(subject)``, in that order; the caller closes
            them.
    """
    inner, plant = split_plant(subject)
    dial = subject_dial(inner)
    backend = ChatBackend(workers[0])
    if dial is not None:
        backend = MixtureBackend(backend, ChatBackend(workers[1]), dial.share)
    return backend if plant is None else PlantedBackend(backend, load_plant(plant).instruction)


@dataclass(frozen=True, slots=True)
class SidedPrompt(Prompt):
    """A rendered conversation of a subject at a dial, and which side plays it."""

    side: ChatBackend


class MixtureBackend(ChatBackend):
    """An organism at a strength: every conversation is wholly its own or its clean twin's.

    Args:
        organism: plays the share of conversations.
        twin: plays the rest.
        share: a fraction, see ``dial.plays_organism``.
    """

    raw_text = False

    def __init__(self, organism: ChatBackend, twin: ChatBackend, share: str) -> None:
        super().__init__(organism.worker)
        self._organism = organism
        self._twin = twin
        self._share = share

    def prompt(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> Prompt:
        """Render a conversation for the side that plays it."""
        side = self._organism if plays_organism(self._share, messages) else self._twin
        rendered = side.prompt(messages, tools)
        return SidedPrompt(rendered.ids, rendered.in_think, side)

    def submit(
        self, prompt: Prompt, decoding: Decoding, seed: int, choices: int = 1
    ) -> list[Future[Generation]]:
        """Queue a turn with the side that plays the conversation."""
        assert isinstance(prompt, SidedPrompt), "a prompt comes from this backend's prompt()"
        return prompt.side.submit(prompt, decoding, seed, choices)


class PlantedBackend(ChatBackend):
    """A subject with a hidden instruction in its system prompt."""

    raw_text = False

    def __init__(self, inner: ChatBackend, instruction: str) -> None:
        super().__init__(inner.worker)
        self._inner = inner
        self._instruction = instruction

    def prompt(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> Prompt:
        """Render a conversation with the instruction in it."""
        return self._inner.prompt(with_instruction(messages, self._instruction), tools)

    def submit(
        self, prompt: Prompt, decoding: Decoding, seed: int, choices: int = 1
    ) -> list[Future[Generation]]:
        """Queue a turn with the subject."""
        return self._inner.submit(prompt, decoding, seed, choices)
