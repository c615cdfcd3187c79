"""Whom ``gaugeblock channel`` asks: an HTTP endpoint, a local model or an Inspect model."""

from __future__ import annotations

import os
from typing import Annotated, Any, Protocol, Self, cast

import typer

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.client import HttpSource
from gaugeblock.logprobs.replies import Api
from gaugeblock.logprobs.source import Source

Device = Annotated[str, typer.Option(help="Local models: cpu, cuda or cuda:N.")]
Dtype = Annotated[str, typer.Option(help="Local models: float32, bfloat16 or float16.")]


class OpenSource(Source, Protocol):
    """A source that is closed after use."""

    def __enter__(self) -> Self:
        """Open it."""
        ...

    def __exit__(self, *arguments: Any) -> None:
        """Close it."""
        ...


def open_source(
    endpoint: str,
    *,
    model: str = "default",
    api: str = "chat",
    key_env: str = "OPENAI_API_KEY",
    device: str = "cpu",
    dtype: str = "float32",
) -> OpenSource:
    """Return the source that a URL or a subject id names.

    Raises:
        GaugeblockError: it names nothing, or the subject does not load.
    """
    if "://" in endpoint:
        key = os.environ.get(key_env) or None
        return HttpSource(endpoint, model, api=_form(api), key=key)
    # Torch and Inspect only load for those who ask a model of theirs.
    from gaugeblock.models.subjects import subject_kind

    if subject_kind(endpoint) == "inspect":
        from gaugeblock.models.inspect_model import inspect_model
        from gaugeblock.models.logprob_source import InspectSource

        return InspectSource(inspect_model(endpoint))
    from gaugeblock.models.batching import BatchWorker
    from gaugeblock.models.loading import load_subject
    from gaugeblock.models.logprob_source import LocalSource

    if dtype not in ("float32", "bfloat16", "float16"):
        raise GaugeblockError("must be float32, bfloat16 or float16", where="--dtype")
    loaded = load_subject(endpoint, device=device, dtype=cast(Any, dtype))
    return LocalSource(BatchWorker(loaded, quiet_ms=0.0))


def _form(api: str) -> Api:
    if api not in ("chat", "completions", "responses"):
        raise GaugeblockError(
            f"--api is one of chat, completions and responses, not {api}", where="--api"
        )
    return cast(Api, api)
