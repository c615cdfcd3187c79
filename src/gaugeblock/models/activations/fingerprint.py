"""Identify a model by its weights, wherever they came from."""

from __future__ import annotations

import hashlib
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

_SAMPLED = 64
"""Values per tensor that are looked at to see whether a known fingerprint still holds."""

_known: WeakKeyDictionary[nn.Module, tuple[str, str]] = WeakKeyDictionary()


def model_fingerprint(model: nn.Module) -> str:
    """Return the SHA-256 over names, shapes, types and values of all weights and buffers.

    It is computed once per state of the model: 64 values of every tensor and its version counter
    tell whether the weights have changed since.
    """
    tensors = model.state_dict()
    state = _glance(tensors)
    if model in _known and _known[model][0] == state:
        return _known[model][1]
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(_bytes(tensor))
    _known[model] = (state, digest.hexdigest())
    return digest.hexdigest()


def _glance(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach()
        # Inference tensors count no versions; their sampled values must do.
        version = -1 if tensor.is_inference() else tensor._version
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.data_ptr()} {version}".encode())
        flat = tensor.reshape(-1) if tensor.is_contiguous() else tensor.flatten()
        digest.update(_bytes(flat[:: max(1, flat.numel() // _SAMPLED)]))
    return digest.hexdigest()


def _bytes(tensor: Tensor) -> bytes:
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
