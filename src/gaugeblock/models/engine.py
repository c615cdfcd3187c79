"""Batched decoding in which rows come and go: a thin loop over a model's own forward pass.

Beside transformers' ``generate`` on the built-in family's shape (one CPU thread, equal lengths)
it makes 1.3 times as many tokens a second; rows that end early stop costing, and waiting ones take
their place (benchmarks/generation.py).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import torch

from gaugeblock.models.finishing import StopStrings, finished
from gaugeblock.models.kv_slots import SlotCache
from gaugeblock.models.requests import Finish, Generation, GenerationRequest, TokenLogprob
from gaugeblock.models.sampling import LogprobReporter, report_exact, sample, token_logprob
from gaugeblock.models.token_text import TokenBytes

Key = TypeVar("Key")

# Tokens of one prefill pass, padding included: larger passes fall out of a small CPU's cache.
_PREFILL_TOKENS = 4096


@dataclass(slots=True)
class _Row(Generic[Key]):
    key: Key
    request: GenerationRequest
    limit: int
    uniform: list[float]
    stop: StopStrings
    tokens: list[int] = field(default_factory=list)
    logprobs: list[TokenLogprob] = field(default_factory=list)
    finish: Finish | None = None
    delivered: bool = False

    @property
    def length(self) -> int:
        return len(self.request.prompt) + len(self.tokens)


class DecodingEngine(Generic[Key]):
    """Holds a batch of live rows; ``admit`` adds rows and ``step`` makes one token for each.

    Args:
        model: a causal LM of transformers whose state is keys and values.
        tokenizer: its tokenizer.
        layers: how many cache layers it has, see ``kv_slots.slot_layers``.
        end_ids: token ids that end a text.
        context: most tokens of prompt and text together, or None.
        report: what is said about logprobs; ``sampling.report_exact`` says what the model has.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        layers: int,
        end_ids: frozenset[int],
        context: int | None,
        report: LogprobReporter = report_exact,
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._layers = layers
        self._end_ids = end_ids
        self._context = context
        self._report = report
        self._spell = TokenBytes(tokenizer)
        accepted = inspect.signature(model.forward).parameters
        self._positions = "position_ids" in accepted
        self._last_only = {"logits_to_keep": 1} if "logits_to_keep" in accepted else {}
        self._device = model.device
        self._rows: list[_Row[Key]] = []
        self._cache: SlotCache | None = None

    @property
    def live(self) -> int:
        """Rows that still want tokens."""
        return sum(row.finish is None for row in self._rows)

    def admit(self, items: Iterable[tuple[Key, GenerationRequest]]) -> list[tuple[Key, Generation]]:
        """Take in requests and make the first token of each; return those that end with it."""
        fresh = [self._start(key, request) for key, request in items]
        fresh.sort(key=lambda row: len(row.request.prompt))
        done: list[tuple[Key, Generation]] = []
        for group in _prefill_groups(fresh):
            cache, logits = self._prefill(group)
            self._accept(group, logits)
            if self._cache is None or not self.live:
                self._rows, self._cache = group, cache
            else:
                self._compact()
                self._cache.join(cache)
                self._rows = self._rows + group
            done += self._collect(group)
        return done

    def step(self) -> list[tuple[Key, Generation]]:
        """Make one token for every live row and return the rows that end with it."""
        if self._cache is None or not self.live:
            return []
        if self.live * 4 <= len(self._rows) * 3:
            self._compact()
        columns = self._cache.columns
        longest = max(row.length - 1 for row in self._rows if row.finish is None)
        if columns > longest:
            self._cache.drop_columns(columns - longest)
            columns = longest
        # A finished row that still has a slot is fed its last token; nobody reads what follows.
        lengths = [min(row.length - 1, columns) for row in self._rows]
        starts = torch.tensor([columns - length for length in lengths], device=self._device)
        ids = torch.tensor([[row.tokens[-1]] for row in self._rows], device=self._device)
        mask = (torch.arange(columns + 1, device=self._device)[None] >= starts[:, None]).long()
        positions = torch.tensor(lengths, device=self._device)[:, None]
        logits = self._forward(ids, mask, positions, self._cache)
        self._accept(self._rows, logits)
        return self._collect(self._rows)

    def drop(self) -> list[Key]:
        """Forget every live row and return their keys, after an error in the model."""
        keys = [row.key for row in self._rows if row.finish is None]
        self._rows, self._cache = [], None
        return keys

    def _start(self, key: Key, request: GenerationRequest) -> _Row[Key]:
        limit = request.max_tokens
        if self._context is not None:
            limit = min(limit, self._context - len(request.prompt))
        uniform: list[float] = []
        if request.temperature > 0:
            stream = torch.Generator().manual_seed(request.seed)
            uniform = torch.rand(limit, generator=stream, dtype=torch.float64).tolist()
        return _Row(key, request, limit, uniform, StopStrings(request.stop))

    @torch.inference_mode()
    def _prefill(self, rows: Sequence[_Row[Key]]) -> tuple[SlotCache, torch.Tensor]:
        longest = max(len(row.request.prompt) for row in rows)
        ids = torch.zeros(len(rows), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for index, row in enumerate(rows):
            prompt = row.request.prompt
            ids[index, longest - len(prompt) :] = torch.tensor(prompt)
            mask[index, longest - len(prompt) :] = 1
        positions = (mask.cumsum(1) - 1).clamp_(min=0)
        cache = SlotCache(self._layers)
        return cache, self._forward(
            ids.to(self._device), mask.to(self._device), positions.to(self._device), cache
        )

    @torch.inference_mode()
    def _forward(
        self, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, cache: SlotCache
    ) -> torch.Tensor:
        extra = {"position_ids": positions} if self._positions else {}
        output = self._model(
            input_ids=ids,
            attention_mask=mask,
            past_key_values=cache,
            use_cache=True,
            **extra,
            **self._last_only,
        )
        logits: torch.Tensor = output.logits[:, -1].float()
        return logits

    @torch.inference_mode()
    def _accept(self, rows: Sequence[_Row[Key]], logits: torch.Tensor) -> None:
        wanting = [i for i, row in enumerate(rows) if row.finish is None]
        live = [rows[i] for i in wanting]
        if len(live) < len(rows):
            logits = logits[wanting]
        logits = self._report.hold(logits)
        chosen = sample(
            logits,
            [row.request.temperature for row in live],
            [row.request.top_p for row in live],
            [row.uniform[len(row.tokens)] if row.uniform else 0.0 for row in live],
        )
        reporting = [i for i, row in enumerate(live) if row.request.logprobs]
        if reporting:
            k = [live[i].request.top_logprobs for i in reporting]
            heats = [live[i].request.temperature for i in reporting]
            reports = self._report(logits[reporting], chosen[reporting], k, heats)
        ids = chosen.tolist()
        for i, report in zip(reporting, reports if reporting else [], strict=True):
            row = live[i]
            row.logprobs.append(
                token_logprob(ids[i], report, row.request.top_logprobs, self._spell)
            )
        for row, token in zip(live, ids, strict=True):
            row.tokens.append(token)
            row.finish = self._ending(row, token)

    def _ending(self, row: _Row[Key], token: int) -> Finish | None:
        if token in self._end_ids or token in row.request.stop_ids:
            return "stop"
        if row.stop.feed(self._spell(token)):
            return "stop"
        return "length" if len(row.tokens) >= row.limit else None

    def _collect(self, rows: Sequence[_Row[Key]]) -> list[tuple[Key, Generation]]:
        done = []
        for row in rows:
            if row.finish is not None and not row.delivered:
                row.delivered = True
                ends = self._end_ids.union(row.request.stop_ids)
                done.append(
                    (
                        row.key,
                        finished(
                            self._tokenizer,
                            row.request,
                            row.tokens,
                            row.logprobs,
                            ends,
                            row.finish,
                        ),
                    )
                )
        return done

    def _compact(self) -> None:
        keep = [i for i, row in enumerate(self._rows) if row.finish is None]
        if self._cache is not None and len(keep) < len(self._rows):
            self._cache.keep_rows(torch.tensor(keep, device=self._device))
            self._rows = [self._rows[i] for i in keep]


def _prefill_groups(rows: Sequence[_Row[Key]]) -> Iterable[list[_Row[Key]]]:
    """Split rows sorted by prompt length into passes of at most ``_PREFILL_TOKENS``."""
    group: list[_Row[Key]] = []
    for row in rows:
        if group and (len(group) + 1) * len(row.request.prompt) > _PREFILL_TOKENS:
            yield group
            group = []
        group.append(row)
    if group:
        yield group
