"""Train a TopK sparse autoencoder on activations with Adam, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaugeblock.detectors.arrays import Floats, check_activations
from gaugeblock.errors import GaugeblockError

Singles = NDArray[np.floating[Any]]


def top_k(codes: Singles, k: int) -> Singles:
    """Return codes with all but each row's ``k`` largest set to 0, negatives too."""
    keep = np.argpartition(codes, -k, axis=1)[:, -k:]
    out = np.zeros_like(codes)
    np.put_along_axis(out, keep, np.maximum(np.take_along_axis(codes, keep, axis=1), 0), axis=1)
    return out


def train_topk_sae(
    activations: Floats,
    *,
    features: int,
    k: int = 16,
    steps: int = 1000,
    batch: int = 256,
    learning_rate: float = 1e-3,
    seed: int = 0,
) -> dict[str, Floats]:
    """Return encoder and decoder of a TopK autoencoder, in the naming of SAELens files.

    Decoder rows have length 1; the encoder starts as the decoder's transpose; the decoder's bias
    starts as the mean activation.

    Args:
        activations: shape (n, d).
        features: width of the dictionary.
        k: active features per row.
        steps: Adam steps.
        batch: rows per step.
        learning_rate: of Adam, in units of activations scaled to mean square 1.
        seed: of start and batches.

    Returns:
        "W_enc" (d, features), "b_enc" (features,), "W_dec" (features, d), "b_dec" (d,), "k" ().

    Raises:
        GaugeblockError: bad activations, or k above ``features``.

    Source: Gao et al. 2024, arXiv:2406.04093, section 2.3 and appendix A.
    """
    x = check_activations(activations)
    if not 0 < k <= features:
        raise GaugeblockError(f"{k} active of {features} features", where="k")
    centre = x.mean(axis=0)
    scale = float(np.sqrt(((x - centre) ** 2).mean())) or 1.0
    data = ((x - centre) / scale).astype(np.float32)
    rng = np.random.default_rng(seed)
    decoder = rng.standard_normal((features, x.shape[1])).astype(np.float32)
    decoder /= np.linalg.norm(decoder, axis=1, keepdims=True)
    params: list[Singles] = [decoder.T.copy(), np.zeros(features, np.float32), decoder]
    params.append(np.zeros(x.shape[1], np.float32))
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in params]
    for step in range(1, steps + 1):
        rows = data[rng.integers(0, len(data), min(batch, len(data)))]
        gradients = _gradients(rows, params, k)
        for p, g, (first, second) in zip(params, gradients, moments, strict=True):
            first += 0.1 * (g - first)
            second += 0.001 * (g * g - second)
            rate = learning_rate * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            p -= rate * first / (np.sqrt(second) + 1e-8)
        params[2] /= np.linalg.norm(params[2], axis=1, keepdims=True)
    wide = [p.astype(np.float64) for p in params]
    return {
        "W_enc": wide[0],
        "b_enc": wide[1] * scale,
        "W_dec": wide[2],
        "b_dec": wide[3] * scale + centre,
        "k": np.array(float(k)),
    }


def _gradients(rows: Singles, params: list[Singles], k: int) -> list[Singles]:
    encoder, offset, decoder, bias = params
    inner = rows - bias
    codes = top_k(inner @ encoder + offset, k)
    error = (codes @ decoder + bias - rows) * (2 / rows.size)
    back = (error @ decoder.T) * (codes > 0)
    return [
        inner.T @ back,
        back.sum(axis=0),
        codes.T @ error,
        error.sum(axis=0) - (back @ encoder.T).sum(axis=0),
    ]
