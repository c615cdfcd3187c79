"""How probable a model finds a text that is already there (teacher forcing)."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from gaugeblock.models.loading import LoadedModel
from gaugeblock.models.requests import TokenLogprob
from gaugeblock.models.sampling import LogprobReporter, report_exact, token_logprob
from gaugeblock.models.token_text import TokenBytes

# Tokens of one pass, padding included: logits of the whole vocabulary are held for each.
_PASS_TOKENS = 4096


def score(
    loaded: LoadedModel,
    texts: Sequence[Sequence[int]],
    *,
    top_logprobs: int = 0,
    report: LogprobReporter = report_exact,
) -> list[tuple[TokenLogprob, ...]]:
    """Return the log-probability of every token but the first, given those before it.

    Args:
        loaded: the model.
        texts: token ids, at least one each.
        top_logprobs: how many alternatives to report per token.
        report: what is said about logprobs.

    Returns:
        One tuple a text, a token shorter than the text.
    """
    spell = TokenBytes(loaded.tokenizer)
    results: dict[int, tuple[TokenLogprob, ...]] = {}
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    while order:
        longest = len(texts[order[-1]])
        group = order[-max(1, _PASS_TOKENS // longest) :]
        order = order[: -len(group)]
        ids = torch.zeros(len(group), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, index in enumerate(group):
            ids[row, : len(texts[index])] = torch.tensor(list(texts[index]))
            mask[row, : len(texts[index])] = 1
        with torch.inference_mode():
            logits = loaded.model(
                input_ids=ids.to(loaded.device),
                attention_mask=mask.to(loaded.device),
                use_cache=False,
            ).logits
        for row, index in enumerate(group):
            said = torch.tensor(list(texts[index][1:]), dtype=torch.long, device=logits.device)
            rows = report.hold(logits[row, : len(said)].float())
            # A text that is already there was sampled at no temperature.
            k, plain = [top_logprobs] * len(said), [1.0] * len(said)
            reports = report(rows, said, k, plain) if len(said) else []
            results[index] = tuple(
                token_logprob(token, item, top_logprobs, spell)
                for token, item in zip(texts[index][1:], reports, strict=True)
            )
    return [results[index] for index in range(len(texts))]
