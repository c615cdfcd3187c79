"""Run a model's blocks over one batch with readers on chosen layers, and no further than needed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations.blocks import EMBEDDING, Blocks, Layer, stream_of

Reader = Callable[[Tensor], None]


class _LastLayerReadError(Exception):
    """Unwinds the forward pass after the last wanted layer."""


def run_blocks(
    blocks: Blocks,
    ids: Tensor,
    mask: Tensor,
    readers: Mapping[Layer, Reader],
    *,
    stop_early: bool = True,
) -> None:
    """Run one batch and hand each wanted layer's stream ``(batch, tokens, width)`` to its reader.

    Args:
        blocks: where the stream is.
        ids: token ids ``(batch, tokens)``, padded on the right.
        mask: 1 for real tokens, 0 for padding, of the same shape.
        readers: what to do with each layer's stream; called in the order of the layers.
        stop_early: whether to stop after the last wanted layer.

    Raises:
        GaugeblockError: the model cannot run the batch.
    """
    last = max((-1 if layer == EMBEDDING else layer for layer in readers), default=None)
    with ExitStack() as stack:
        for layer, reader in readers.items():
            ends = stop_early and last == (-1 if layer == EMBEDDING else layer)
            stack.callback(_attach(blocks, layer, reader, ends=ends).remove)
        try:
            blocks.backbone(**call_arguments(blocks.backbone, ids, mask))
        except _LastLayerReadError:
            return
        except (RuntimeError, IndexError, TypeError, ValueError, NotImplementedError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
            raise GaugeblockError(
                f"the model cannot run a batch of {tuple(ids.shape)} tokens: {reason}",
                where=type(blocks.backbone).__name__,
            ) from error


def call_arguments(backbone: nn.Module, ids: Tensor, mask: Tensor) -> dict[str, Any]:
    """Return the arguments that this backbone takes; a recurrent one may know no mask."""
    known = inspect.signature(backbone.forward).parameters
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
    arguments: dict[str, Any] = {"input_ids": ids}
    if "attention_mask" in known or open_ended:
        arguments["attention_mask"] = mask
    # A cache would keep every layer's keys and states alive for tokens that never come.
    if "use_cache" in known or open_ended:
        arguments["use_cache"] = False
    return arguments


@contextmanager
def torch_threads(threads: int | None) -> Iterator[int]:
    """Use this many CPU threads inside; None leaves torch as it is. Yields the number in force."""
    before = torch.get_num_threads()
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)


def _attach(blocks: Blocks, layer: Layer, reader: Reader, *, ends: bool) -> RemovableHandle:
    if layer == EMBEDDING:

        def before(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            reader(stream_of(args[0] if args else kwargs.get("hidden_states")))
            if ends:
                raise _LastLayerReadError

        return blocks.modules[0].register_forward_pre_hook(before, with_kwargs=True)

    def after(_module: nn.Module, _args: tuple[Any, ...], output: Any) -> None:
        reader(stream_of(output))
        if ends:
            raise _LastLayerReadError

    return blocks.modules[layer].register_forward_hook(after)
