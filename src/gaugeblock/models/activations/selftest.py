"""Prove the extraction path on the very model, before the first number.

The failures that users meet are silent: padding that moves real tokens, a BOS that shifts every
position, a hook that reads what the model does not use, steering that is never applied. Each has
a check here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.models.activations.batching import Padding
from gaugeblock.models.activations.blocks import Blocks, Layer, find_blocks, stream_of
from gaugeblock.models.activations.encoding import encode, padding_id
from gaugeblock.models.activations.fingerprint import model_fingerprint
from gaugeblock.models.activations.hooks import interventions_aside, on_output
from gaugeblock.models.activations.running import Reader, run_blocks
from gaugeblock.models.activations.steer import steer
from gaugeblock.models.activations.tolerances import MOVES_AT_LEAST, TOLERANCES
from gaugeblock.models.loading import LoadedModel
from gaugeblock.seeds import derive_seed

_LENGTHS = (5, 9, 9, 13)
"""Tokens of the probe texts; two are alike, so that they fit one batch without padding."""

_SENTENCES = ("The bridge was built in spring.", "Nobody answered the letter that she had sent.")


class Check(Record):
    """One check.

    Attributes:
        name: which.
        passed: whether ``measured`` keeps to ``limit``.
        measured: relative deviation, or share moved; None where the check could not run.
        limit: the fixed limit.
        detail: what was compared, or why it could not be.
    """

    name: str
    passed: bool
    measured: float | None
    limit: float
    detail: str


class SelfTest(Record):
    """What the extraction path was found to do on one model.

    Attributes:
        passed: whether numbers may be read from this model.
        padding: how batches are made: ``equal-length`` where padding moves real tokens.
        checks: all checks, in order.
        fingerprint: of the weights.
        architecture: class of the model.
        block_path: where the block list was found.
        layers: number of blocks.
        width: size of the residual stream.
    """

    passed: bool
    padding: Padding
    checks: tuple[Check, ...]
    fingerprint: str
    architecture: str
    block_path: str
    layers: int
    width: int

    def failures(self) -> tuple[Check, ...]:
        """Return the failed checks; a failed padding check alone only changes ``padding``."""
        return tuple(check for check in self.checks if not check.passed)


_done: WeakKeyDictionary[nn.Module, dict[tuple[str, ...], SelfTest]] = WeakKeyDictionary()


def self_test(loaded: LoadedModel) -> SelfTest:
    """Test reading and steering on this model; the result is kept until its weights change.

    Interventions that are in force are suspended meanwhile: it is the model that is tested.

    Raises:
        GaugeblockError: no block list, no padding token, or the model is in training mode.
    """
    model: nn.Module = loaded.model
    if model.training:
        raise GaugeblockError(
            "the model is in training mode, so dropout would be read as signal",
            where=loaded.subject,
            remedy="Call model.eval() first",
        )
    fingerprint = model_fingerprint(model)
    attention = str(getattr(model.config, "_attn_implementation", ""))
    key = (fingerprint, str(loaded.device), attention, str(id(loaded.tokenizer)))
    known = _done.setdefault(model, {})
    if key not in known:
        with torch.inference_mode(), interventions_aside():
            known[key] = _Tester(loaded, find_blocks(model)).run(fingerprint)
    return known[key]


def require_self_test(loaded: LoadedModel) -> SelfTest:
    """Return the passed self-test.

    Raises:
        GaugeblockError: it failed, or as ``self_test``.
    """
    result = self_test(loaded)
    if not result.passed:
        worst = next(check for check in result.failures() if check.name != "padding")
        measured = "no value" if worst.measured is None else f"{worst.measured:.2g}"
        raise GaugeblockError(
            f"the self-test failed at {worst.name}: {worst.detail} "
            f"({measured}, limit {worst.limit:.2g})",
            where=loaded.subject,
            remedy="Activations of this model cannot be trusted as they are read here",
        )
    return result


class _Tester:
    def __init__(self, loaded: LoadedModel, blocks: Blocks) -> None:
        self.loaded = loaded
        self.blocks = blocks
        self.pad = padding_id(loaded)
        self.dtype = next(loaded.model.parameters()).dtype
        config = loaded.model.config.get_text_config()
        special = {self.pad, getattr(config, "bos_token_id", None)}
        ordinary = np.array([i for i in range(min(config.vocab_size, 4096)) if i not in special])
        draw = np.random.default_rng(derive_seed("self-test", config.vocab_size))
        self.rows = [draw.choice(ordinary, size=length).tolist() for length in _LENGTHS]

    def run(self, fingerprint: str) -> SelfTest:
        steps: tuple[tuple[str, Callable[[], tuple[float, str]]], ...] = (
            ("finite", self._finite),
            ("positions", self._positions),
            ("batch", self._batch),
            ("recompute", self._recompute),
            ("reinjection", self._reinjection),
            ("reinjection-moves", self._reinjection_moves),
            ("early-stop", self._early_stop),
            ("steer-zero", lambda: self._steered(0.0)),
            ("steer-moves", lambda: self._steered(1.0)),
            ("context-moves", self._context_moves),
            ("padding", self._padding),
        )
        checks = tuple(self._check(name, step) for name, step in steps)
        return SelfTest(
            passed=all(check.passed for check in checks if check.name != "padding"),
            padding="right" if checks[-1].passed else "equal-length",
            checks=checks,
            fingerprint=fingerprint,
            architecture=type(self.loaded.model).__name__,
            block_path=self.blocks.path,
            layers=self.blocks.count,
            width=self.blocks.width,
        )

    def _check(self, name: str, step: Callable[[], tuple[float, str]]) -> Check:
        least = MOVES_AT_LEAST.get(name)
        limit = TOLERANCES.get(name, {}).get(self.dtype, 0.0) if least is None else least
        try:
            measured, detail = step()
        except (GaugeblockError, RuntimeError, TypeError, ValueError, IndexError) as error:
            return Check(name=name, passed=False, measured=None, limit=limit, detail=str(error))
        if not np.isfinite(measured):
            return Check(name=name, passed=False, measured=None, limit=limit, detail=detail)
        passed = measured <= limit if least is None else measured >= least
        return Check(name=name, passed=passed, measured=measured, limit=limit, detail=detail)

    def _states(self, rows: list[list[int]], upto: int | None = None) -> list[Tensor]:
        """Return every block's stream for one right-padded batch."""
        states: list[Tensor] = []
        count = self.blocks.count if upto is None else upto + 1
        readers: dict[Layer, Reader] = {
            layer: lambda h: states.append(h.clone()) for layer in range(count)
        }
        ids, mask = self._batch_of(rows)
        run_blocks(self.blocks, ids, mask, readers, stop_early=upto is not None)
        return states

    def _batch_of(self, rows: list[list[int]]) -> tuple[Tensor, Tensor]:
        longest = max(map(len, rows))
        ids = torch.tensor([row + [self.pad] * (longest - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        return ids.to(self.loaded.device), mask.to(self.loaded.device)

    def _finite(self) -> tuple[float, str]:
        states = self._states([self.rows[0]])
        broken = [layer for layer, h in enumerate(states) if not torch.isfinite(h).all()]
        return float(len(broken)), f"layers with NaN or infinite activations: {broken or 'none'}"

    def _positions(self) -> tuple[float, str]:
        """Count departures between the tokens asked for and those that reach the blocks."""
        rows = [self.rows[1]]
        detail = "one position per token"
        if self.loaded.tokenizer is not None:
            rows += encode(self.loaded.tokenizer, _SENTENCES)
            bare = encode(self.loaded.tokenizer, _SENTENCES, special_tokens=False)
            added = [len(a) - len(b) for a, b in zip(rows[1:], bare, strict=True)]
            bos = getattr(self.loaded.tokenizer, "bos_token_id", None)
            begins = "first" if bos is not None and rows[1][0] == bos else "absent"
            detail += f"; the tokenizer adds {added[0]} special tokens, BOS {begins}"
            if len(set(added)) > 1:
                return 1.0, f"special tokens differ between texts: {added}"
        wrong = [row for row in rows if self._states([row])[0].shape[1] != len(row)]
        return float(len(wrong)), detail

    def _batch(self) -> tuple[float, str]:
        alone, together = self._states([self.rows[1]]), self._states(self.rows[1:3])
        return _worst(alone, [h[:1] for h in together], "alone and beside another text")

    def _padding(self) -> tuple[float, str]:
        together = self._states(self.rows)
        found = [
            _worst(self._states([row]), [h[i : i + 1, : len(row)] for h in together], "")
            for i, row in enumerate(self.rows)
        ]
        worst, detail = max(found)
        return worst, f"alone and padded on the right{detail}"

    def _context_moves(self) -> tuple[float, str]:
        """Without this, a model that mixes no tokens would pass the padding check for nothing."""
        row = self.rows[1]
        other = [self.rows[2][0], *row[1:]]
        own, changed = self._states([row])[-1], self._states([other])[-1]
        return _deviation(own[:, -1], changed[:, -1]), "last token, after another first token"

    def _recompute(self) -> tuple[float, str]:
        inputs: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

        def keep(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            inputs.append(
                (
                    tuple(a.clone() if isinstance(a, Tensor) else a for a in args),
                    {k: v.clone() if isinstance(v, Tensor) else v for k, v in kwargs.items()},
                )
            )

        handles = [b.register_forward_pre_hook(keep, with_kwargs=True) for b in self.blocks.modules]
        try:
            read = self._states([self.rows[3]])
        finally:
            for handle in handles:
                handle.remove()
        direct = [
            stream_of(block.forward(*args, **kwargs))
            for block, (args, kwargs) in zip(self.blocks.modules, inputs, strict=True)
        ]
        return _worst(direct, read, "the block called by hand and the hook")

    def _reinjection(self) -> tuple[float, str]:
        before = self._states([self.rows[3]])
        layer = self._early
        with on_output(self.loaded.model, layer, lambda _h: before[layer]):
            after = self._states([self.rows[3]])
        return _worst(before[layer:], after[layer:], "the run and one fed what the hook read")

    def _reinjection_moves(self) -> tuple[float, str]:
        own, other = self._states([self.rows[1]]), self._states([self.rows[2]])
        layer = self._early
        with on_output(self.loaded.model, layer, lambda _h: other[layer]):
            patched = self._states([self.rows[1]])
        return _deviation(own[-1], patched[-1]), "last layer, fed what was read from another text"

    def _early_stop(self) -> tuple[float, str]:
        middle = self.blocks.count // 2
        full = self._states([self.rows[0]])
        stopped = self._states([self.rows[0]], upto=middle)
        again = self._states([self.rows[0]])
        return _worst(
            [*full[: middle + 1], *full],
            [*stopped, *again],
            "a full run, a stopped one, and the next",
        )

    def _steered(self, alpha: float) -> tuple[float, str]:
        plain = self._states([self.rows[1]])
        layer = self._early
        size = plain[layer].float().pow(2).mean().sqrt().to(self.dtype)
        generator = torch.Generator().manual_seed(derive_seed("steer") % 2**31)
        direction = torch.randn(self.blocks.width, generator=generator).to(plain[layer])
        with steer(self.loaded.model, layer, size * direction, alpha):
            moved = self._states([self.rows[1]])
        return _deviation(plain[-1], moved[-1]), f"last layer, block {layer} steered by {alpha:g}"

    @property
    def _early(self) -> int:
        return max(0, self.blocks.count // 2 - 1)


def _deviation(a: Tensor, b: Tensor) -> float:
    """Return ``max over tokens |a - b| / |a|``, from ``(…, width)``."""
    size = a.double().norm(dim=-1).clamp_min(torch.finfo(a.dtype).tiny)
    return float(((a.double() - b.double()).norm(dim=-1) / size).max())


def _worst(a: list[Tensor], b: list[Tensor], what: str) -> tuple[float, str]:
    deviations = [_deviation(x, y) for x, y in zip(a, b, strict=True)]
    if not all(map(np.isfinite, deviations)):
        return float("inf"), f"{what}: NaN or infinite activations"
    return max(deviations), f"{what}, worst of {len(deviations)} layers"
