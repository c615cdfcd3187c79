"""Full outputs of a local model on many different prompts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from gaugeblock.models.loading import LoadedModel

_LENGTH = 32
_BATCH = 8


def random_outputs(loaded: LoadedModel, count: int, seed: int = 0) -> npt.NDArray[np.float64]:
    """Return logits after random tokens, shape (count, vocabulary), float64, nats.

    Every position of a random text is a prompt of its own; the first ones, which are alike in
    all texts, are left out.

    Args:
        loaded: the model.
        count: how many outputs.
        seed: of the random tokens.
    """
    known = int(loaded.tokenizer.vocab_size)
    draws = torch.Generator().manual_seed(seed)
    length = _LENGTH if loaded.context is None else min(_LENGTH, loaded.context)
    skipped = min(4, length - 1)
    found: list[npt.NDArray[np.float64]] = []
    while sum(len(rows) for rows in found) < count:
        ids = torch.randint(known, (_BATCH, length), generator=draws).to(loaded.device)
        with torch.inference_mode():
            logits = loaded.model(input_ids=ids, use_cache=False).logits[:, skipped:]
        found.append(logits.reshape(-1, logits.shape[-1]).double().cpu().numpy())
    return np.concatenate(found)[:count]
