"""The plumbing of interventions: change what a block puts out, and set such changes aside."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import Any

from torch import Tensor, nn

from gaugeblock.models.activations.blocks import find_blocks, stream_of, with_stream

_depth: ContextVar[int] = ContextVar("_depth", default=0)
"""How many times interventions are set aside; a hook acts only at the depth it was made in."""


@contextmanager
def on_output(
    model: nn.Module, layer: int | Sequence[int], change: Callable[[Tensor], Tensor]
) -> Iterator[None]:
    """Replace the stream that blocks put out by ``change`` of it, for every pass inside.

    Hooks run in the order in which they were made, so an inner intervention sees what an outer
    one left, and a recording inside both sees the result.

    Args:
        model: any model whose blocks ``find_blocks`` finds.
        layer: index of the block, or several.
        change: from ``(batch, tokens, width)`` to the same shape.

    Raises:
        GaugeblockError: no such layer.
    """
    blocks = find_blocks(model)
    made_at = _depth.get()

    def hook(_module: nn.Module, _args: tuple[Any, ...], output: Any) -> Any:
        if _depth.get() != made_at:
            return output
        return with_stream(output, change(stream_of(output)))

    with ExitStack() as stack:
        for index in blocks.indices(layer):
            stack.callback(blocks.modules[index].register_forward_hook(hook).remove)
        yield


@contextmanager
def interventions_aside() -> Iterator[None]:
    """Inside, interventions made outside do nothing; those made inside do."""
    token = _depth.set(_depth.get() + 1)
    try:
        yield
    finally:
        _depth.reset(token)
