"""A subject as an Inspect model, with the failures of flaky APIs that Inspect does not retry."""

from __future__ import annotations

import json
from typing import Any

from inspect_ai.model import Model, RetryDecision, get_model

from gaugeblock.models.planted import plant_in
from gaugeblock.models.plants import load_plant, split_plant
from gaugeblock.models.subjects import inspect_model_id


def inspect_model(subject: str, **model_args: Any) -> Model:
    """Return the Inspect model under which a subject generates.

    Inspect retries 429, 5xx, dropped connections and time-outs with backoff. An answer of status
    200 whose body is empty or ends early surfaces as a JSON error and would cost the whole
    sample; here it is retried like a dropped connection.

    Of a planted subject Inspect sees the model without its plant: neither the instruction nor the
    plant's name gets into a log.

    Args:
        subject: a subject id, see docs/models.md.
        model_args: passed to the provider (``base_url``, ``device``, ``max_batch``, ...).

    Raises:
        GaugeblockError: a local subject does not load, or there is no such plant.
    """
    inner, plant = split_plant(subject)
    model = get_model(inspect_model_id(inner), memoize=False, **model_args)
    if plant is not None:
        plant_in(model.api, load_plant(plant))
    providers_own = model.api.should_retry

    def should_retry(ex: Exception) -> bool | RetryDecision:
        if isinstance(ex, json.JSONDecodeError):
            return RetryDecision.transient()
        return providers_own(ex)

    model.api.should_retry = should_retry  # type: ignore[method-assign]
    return model
