"""The probe's prompts, written as data."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

import yaml

from gaugeblock.frozen import Record


class ProbePrompts(Record):
    """Prompts that the probe chooses from.

    Attributes:
        topics: wordings of one question each, topics that can decide first.
        temperature_prompt: asked at several temperatures.
        greedy_prompt: asked with and without logprobs.
    """

    topics: tuple[tuple[str, ...], ...]
    temperature_prompt: str
    greedy_prompt: str


@lru_cache(maxsize=1)
def probe_prompts() -> ProbePrompts:
    """Return the prompts that ship with the package."""
    text = files(__package__).joinpath("probe.yaml").read_text("utf-8")
    return ProbePrompts.model_validate(yaml.safe_load(text))
