"""Inspect's entry point: registers the provider and imports nothing heavy."""

from __future__ import annotations

from typing import cast

from inspect_ai.model import ModelAPI, modelapi


@modelapi(name="gaugeblock")
def gaugeblock() -> type[ModelAPI]:
    """Return the maker of what stands behind ``gaugeblock/SUBJECT``; torch loads with a model."""
    from gaugeblock.models.planted import open_api

    return cast(type[ModelAPI], open_api)
