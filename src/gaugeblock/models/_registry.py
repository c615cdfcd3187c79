"""Inspect's entry point: registers the provider and imports nothing heavy."""

from __future__ import annotations

from inspect_ai.model import ModelAPI, modelapi


@modelapi(name="gaugeblock")
def gaugeblock() -> type[ModelAPI]:
    """Return the provider behind ``gaugeblock/SUBJECT``; torch loads with it."""
    from gaugeblock.models.provider import GaugeblockAPI

    return GaugeblockAPI
