"""From logits to tokens: sampling that depends on nothing but the row, and logprob reports.

Each row brings its own uniform number; the token is the one at which the cumulative distribution
passes it (inverse transform sampling). A row's draw is therefore the same in any batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from gaugeblock.models.requests import TokenLogprob, TopToken


@dataclass(frozen=True, slots=True)
class RowReport:
    """What is said about one position: the sampled token's logprob and the top alternatives.

    Attributes:
        logprob: natural-log probability of the sampled token.
        top: (token id, natural-log probability), most probable first.
    """

    logprob: float
    top: tuple[tuple[int, float], ...]


class LogprobReporter(Protocol):
    """What stands between a model's logits and what a caller is told of them."""

    def hold(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the logits as the server holds them: it samples and reports from these.

        Args:
            logits: the model's, [rows, vocabulary], float32, untempered.
        """
        ...

    def __call__(
        self,
        held: torch.Tensor,
        sampled: torch.Tensor,
        k: Sequence[int],
        temperature: Sequence[float],
    ) -> list[RowReport]:
        """Return one report a row.

        Args:
            held: logits from ``hold``, [rows, vocabulary].
            sampled: token ids, [rows].
            k: how many alternatives each row asked for; more may be listed.
            temperature: that each row was sampled at.
        """
        ...


class ExactReporter:
    """Reports logprobs as the model has them: float32, no rounding, no truncation."""

    def hold(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the logits as they are."""
        return logits

    def __call__(
        self,
        held: torch.Tensor,
        sampled: torch.Tensor,
        k: Sequence[int],
        temperature: Sequence[float],
    ) -> list[RowReport]:
        """Return untempered logprobs whatever the temperature."""
        logprobs = torch.log_softmax(held, dim=-1)
        chosen = logprobs.gather(1, sampled[:, None])[:, 0].tolist()
        most = max(k, default=0)
        if most == 0:
            return [RowReport(value, ()) for value in chosen]
        values, ids = torch.topk(logprobs, min(most, held.shape[1]), dim=-1)
        return [
            RowReport(value, tuple(zip(row_ids, row_values, strict=True)))
            for value, row_ids, row_values in zip(
                chosen, ids.tolist(), values.tolist(), strict=True
            )
        ]


report_exact = ExactReporter()


def token_logprob(
    token_id: int, report: RowReport, k: int, spell: Callable[[int], bytes]
) -> TokenLogprob:
    """Return a report as the record that generations carry, cut to ``k`` alternatives.

    Minus infinity (a vocabulary entry that a model masks) becomes -9999, as JSON has no infinity
    and OpenAI's API says it so.
    """
    top = tuple(TopToken(item, spell(item), max(value, -9999.0)) for item, value in report.top[:k])
    return TokenLogprob(token_id, spell(token_id), max(report.logprob, -9999.0), top)


def sample(
    logits: torch.Tensor,
    temperature: Sequence[float],
    top_p: Sequence[float],
    uniform: Sequence[float],
) -> torch.Tensor:
    """Choose one token a row.

    Args:
        logits: [rows, vocabulary], float32.
        temperature: per row; 0 takes the most probable token, the lowest id where two tie.
        top_p: per row, in (0, 1].
        uniform: per row, in [0, 1).

    Returns:
        Token ids, int64 [rows].
    """
    chosen = logits.argmax(dim=-1)
    plain = [i for i, t in enumerate(temperature) if t > 0 and top_p[i] >= 1]
    nucleus = [i for i, t in enumerate(temperature) if t > 0 and top_p[i] < 1]

    def column(values: Sequence[float], rows: list[int]) -> torch.Tensor:
        picked = [values[i] for i in rows]
        return torch.tensor(picked, dtype=torch.float64, device=logits.device)[:, None]

    if plain:
        scaled = logits[plain].double() / column(temperature, plain)
        cumulative = torch.softmax(scaled, dim=-1).cumsum(dim=-1)
        chosen[plain] = _invert(cumulative, column(uniform, plain))
    if nucleus:
        scaled = logits[nucleus].double() / column(temperature, nucleus)
        probs, order = torch.softmax(scaled, dim=-1).sort(dim=-1, descending=True, stable=True)
        before = probs.cumsum(dim=-1) - probs
        cumulative = probs.masked_fill(before >= column(top_p, nucleus), 0.0).cumsum(dim=-1)
        position = _invert(cumulative, column(uniform, nucleus))
        chosen[nucleus] = order.gather(1, position[:, None])[:, 0]
    return chosen


def _invert(cumulative: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    # Scaled by the row's own total: it is below 1 after a cut and off 1 by rounding, and a
    # draw above it would fall off the end of the vocabulary.
    target = uniform * cumulative[:, -1:]
    found = torch.searchsorted(cumulative, target, right=True)[:, 0]
    return found.clamp_(max=cumulative.shape[1] - 1)
