"""Safetensors files as arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gaugeblock.detectors.arrays import Floats
from gaugeblock.errors import GaugeblockError


def read_tensors(path: Path) -> dict[str, Floats]:
    """Return the tensors of a safetensors file as float64 arrays.

    Raises:
        GaugeblockError: safetensors is not installed, no such file, or not that format.
    """
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load
    except ImportError as error:
        raise no_safetensors() from error
    try:
        return {name: a.astype(np.float64) for name, a in load(path.read_bytes()).items()}
    except OSError as error:
        raise GaugeblockError("no such file", where=path) from error
    except SafetensorError as error:
        raise GaugeblockError(f"not a safetensors file ({error})", where=path) from error


def no_safetensors() -> GaugeblockError:
    """Return the error of an install without safetensors."""
    return GaugeblockError(
        "safetensors is not installed", remedy="Install gaugeblock[audit] to read or save detectors"
    )
