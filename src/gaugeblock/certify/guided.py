"""Edits chosen by the gradient of a detector's score: which word, and which in its place.

Source: Ebrahimi et al. 2018, arXiv:1712.06751 (HotFlip): the score's change under the swap of one
token is estimated to first order, and the best estimates are then scored exactly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from gaugeblock.certify.exhibit import Edit, GuidedQuery
from gaugeblock.detectors.arrays import Floats
from gaugeblock.detectors.frame import NO_FRAME, Frame
from gaugeblock.detectors.probe import LinearProbe, Probe
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import find_blocks, self_test
from gaugeblock.models.activations.batching import batches
from gaugeblock.models.activations.encoding import padding_id
from gaugeblock.models.activations.pooling import Pooler
from gaugeblock.models.activations.running import Reader, run_blocks
from gaugeblock.models.loading import LoadedModel

_WORD = re.compile(r"[A-Za-z]+")
_STEP = 1e-4
"""Of numerical derivatives, in units of the activations' root mean square."""

Place = tuple[int, int, int]
"""Token position, and where its word begins and ends in the text."""


class GuidedEdits:
    """Proposes swaps of one word by the gradient of a detector's score at the embeddings.

    Args:
        loaded: the model.
        probe: the fitted detector; any that scores pooled activations.
        layer: block whose output it reads.
        at: how tokens are pooled.
        neutral: sentences that bear on nothing. "guided dilution" adds one behind the text and
            then swaps only its words, for words of these sentences, so that the label stays.
        frame: what stands around every text; its words are never swapped.

    Raises:
        GaugeblockError: the tokenizer does not say where its tokens lie in the text.
    """

    def __init__(
        self,
        loaded: LoadedModel,
        probe: Probe,
        layer: int,
        at: Literal["last", "mean", "max"],
        neutral: Sequence[str],
        frame: Frame = NO_FRAME,
    ) -> None:
        if not getattr(loaded.tokenizer, "is_fast", False):
            raise GaugeblockError("the tokenizer does not say where its tokens lie in the text")
        self._loaded, self._probe, self._layer, self._at = loaded, probe, layer, at
        self._neutral, self._frame = tuple(neutral), frame

    def __call__(self, queries: Sequence[GuidedQuery]) -> list[list[Edit]]:
        """Return for each query its edits, best estimate first."""
        made: list[list[Edit]] = [[] for _ in queries]
        asked = []
        for row, query in enumerate(queries):
            if query.kind == "guided dilution" and query.text == query.statement.text:
                # Nothing of its own to swap yet.
                made[row] = [
                    Edit(query.kind, f"{query.text} {sentence}", True)
                    for sentence in self._neutral[: query.width]
                ]
            else:
                asked.append(row)
        if not asked:
            return made
        encoded = self._loaded.tokenizer(
            [self._frame.around(queries[row].text) for row in asked],
            add_special_tokens=not self._frame,
            return_offsets_mapping=True,
            verbose=False,
        )
        gradients = self.gradients(encoded["input_ids"])
        for row, ids, offsets, gradient in zip(
            asked, encoded["input_ids"], encoded["offset_mapping"], gradients, strict=True
        ):
            made[row] = self._swaps(queries[row], ids, offsets, gradient)
        return made

    def gradients(self, rows: Sequence[Sequence[int]]) -> list[Tensor]:
        """Return the score's gradient at the token embeddings, one (tokens, d) per row of ids."""
        model = self._loaded.model
        blocks = find_blocks(model)
        padding = self_test(self._loaded).padding
        out: list[Tensor] = [torch.empty(0)] * len(rows)
        pad = padding_id(self._loaded)
        for batch in batches(rows, batch_tokens=2048, padding=padding, pad=pad):
            ids, mask = batch.ids.to(self._loaded.device), batch.mask.to(self._loaded.device)
            pooler = Pooler(mask.bool(), self._at)
            pooled: list[Tensor] = []
            with torch.enable_grad(), _kept_embeddings(model) as kept:
                run_blocks(blocks, ids, mask, {self._layer: _into(pooled, pooler)})
                (x,) = pooled
                slope = score_gradient(self._probe, x.detach().double().cpu().numpy())
                target = (x * torch.from_numpy(slope).to(x)).sum()
                (gradient,) = torch.autograd.grad(target, kept[0])
            for place, row in enumerate(batch.rows):
                out[int(row)] = gradient[place, : len(rows[int(row)])].detach()
        return out

    @cached_property
    def _words(self) -> tuple[list[str], Tensor]:
        """Words that are one token, each with its embedding (words, d)."""
        names = self._loaded.tokenizer.convert_ids_to_tokens(range(len(self._loaded.tokenizer)))
        words = dict(_whole_words([str(name) for name in names]))
        with torch.no_grad():
            ids = torch.tensor(list(words), device=self._loaded.device)
            vectors = self._loaded.model.get_input_embeddings()(ids)
        return list(words.values()), vectors

    @cached_property
    def _harmless(self) -> Tensor:
        """Which of the words occur in the neutral sentences, (words,)."""
        known = {word.lower() for sentence in self._neutral for word in _WORD.findall(sentence)}
        return torch.tensor([word.lower() in known for word in self._words[0]])

    def _swaps(
        self,
        query: GuidedQuery,
        ids: Sequence[int],
        offsets: Sequence[tuple[int, int]],
        gradient: Tensor,
    ) -> list[Edit]:
        names, vectors = self._words
        dilutes = query.kind == "guided dilution"
        head = len(self._frame.before)
        inside = [(begin - head, end - head) for begin, end in offsets]
        places = list(_places(query.text, inside, len(query.statement.text) if dilutes else 0))
        if not places or not names:
            return []
        slope = gradient[[place[0] for place in places]]
        with torch.no_grad():
            current = self._loaded.model.get_input_embeddings()(
                torch.tensor([ids[place[0]] for place in places], device=slope.device)
            )
        # (places, words): first-order change of the score.
        gain = slope @ vectors.T - (slope * current).sum(dim=1, keepdim=True)
        gain = gain if query.rise else -gain
        if dilutes:
            gain[:, ~self._harmless] = -torch.inf
        order = gain.flatten().argsort(descending=True)[: 4 * query.width].tolist()
        edits: list[Edit] = []
        for flat in order:
            _, begin, end = places[flat // len(names)]
            word = names[flat % len(names)]
            old = query.text[begin:end]
            if not torch.isfinite(gain.flatten()[flat]) or word.lower() == old.lower():
                continue
            word = word.capitalize() if old[0].isupper() else word
            text = query.text[:begin] + word + query.text[end:]
            edits.append(Edit(query.kind, text, dilutes))
            if len(edits) == query.width:
                break
        return edits


def score_gradient(probe: Probe, x: Floats) -> Floats:
    """Return the gradient of a detector's score at each activation, shape (n, d).

    A linear probe's is its weight; any other's is taken numerically from its own ``score``, so
    that a detector of unknown making can be attacked too.

    Args:
        probe: fitted.
        x: pooled activations, shape (n, d).
    """
    if isinstance(probe, LinearProbe):
        return np.tile(probe.arrays["weight"], (len(x), 1))
    step = _STEP * float(np.sqrt((x**2).mean())) or _STEP
    shifts = step * np.eye(x.shape[1])
    return np.stack(
        [(probe.score(row + shifts) - probe.score(row - shifts)) / (2 * step) for row in x]
    )


def guided_edits(
    loaded: LoadedModel,
    probe: Probe,
    layer: int,
    at: Literal["last", "mean", "max"],
    neutral: Sequence[str],
    frame: Frame = NO_FRAME,
) -> tuple[Callable[[Sequence[GuidedQuery]], list[list[Edit]]] | None, str]:
    """Return ``GuidedEdits`` and "", or None and why this model gives no gradient."""
    try:
        guide = GuidedEdits(loaded, probe, layer, at, neutral, frame)
        ids = loaded.tokenizer(list(neutral[:1]) or ["A."], verbose=False)["input_ids"]
        found = guide.gradients(ids)[0]
    except (GaugeblockError, RuntimeError, NotImplementedError, TypeError) as error:
        return None, (str(error).strip().splitlines() or ["no gradient"])[0]
    if not torch.isfinite(found).all() or not found.any():
        return None, "the gradient at the embeddings is zero or not finite"
    return guide, ""


def _into(pooled: list[Tensor], pooler: Pooler) -> Reader:
    return lambda hidden: pooled.append(pooler(hidden))


@contextmanager
def _kept_embeddings(model: Any) -> Iterator[list[Tensor]]:
    """Inside, token embeddings are leaves of the graph and are kept in the list."""
    kept: list[Tensor] = []

    def keep(_module: Any, _args: Any, output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_(True))
        return kept[-1]

    handle = model.get_input_embeddings().register_forward_hook(keep)
    try:
        yield kept
    finally:
        handle.remove()


def _whole_words(names: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield id and spelling of tokens that are a word of their own, whatever the tokenizer."""
    pieces = any(name.startswith("##") for name in names)
    for index, name in enumerate(names):
        if not pieces and name[:1] not in ("Ġ", "▁"):
            continue
        spelling = name if pieces else name[1:]
        if _WORD.fullmatch(spelling) and (len(spelling) > 1 or spelling in "aAI"):
            yield index, spelling


def _places(text: str, offsets: Sequence[tuple[int, int]], start: int) -> Iterator[Place]:
    """Yield the tokens that are a whole word of the text at or after ``start``."""
    whole = {match.span() for match in _WORD.finditer(text)}
    for position, (begin, end) in enumerate(offsets):
        if begin < 0:
            continue
        begin += len(text[begin:end]) - len(text[begin:end].lstrip())
        if begin >= start and (begin, end) in whole:
            yield position, begin, end
