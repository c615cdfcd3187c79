"""A probe on the few features of a sparse autoencoder that differ most between the classes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from gaugeblock.detectors.arrays import Floats, Ints
from gaugeblock.detectors.logistic import fit_logistic
from gaugeblock.detectors.probe import Probe
from gaugeblock.detectors.sae_train import top_k, train_topk_sae
from gaugeblock.errors import GaugeblockError

_NEEDED = ("W_enc", "b_enc", "W_dec", "b_dec")


def load_sae(path: Path, *, k: int | None = None) -> dict[str, Floats]:
    """Return the arrays of an SAE saved by SAELens (``sae_weights.safetensors``) or by us.

    Args:
        path: the safetensors file.
        k: active features of a TopK SAE whose file does not hold it; None for a ReLU or, where
            the file holds ``threshold``, a JumpReLU SAE.

    Raises:
        GaugeblockError: no such file, not safetensors, tensors missing or of odd shapes.
    """
    from gaugeblock.detectors.tensors import read_tensors

    found = read_tensors(path)
    if missing := [name for name in _NEEDED if name not in found]:
        raise GaugeblockError(
            f"no tensor {', '.join(missing)}", where=path, remedy="Give an SAE in SAELens' naming"
        )
    d, features = found["W_enc"].shape
    if found["W_dec"].shape != (features, d):
        raise GaugeblockError(
            f"W_enc {found['W_enc'].shape} and W_dec {found['W_dec'].shape} do not fit", where=path
        )
    arrays = {name: found[name] for name in (*_NEEDED, "threshold", "k") if name in found}
    if k is not None:
        arrays["k"] = np.array(float(k))
    return arrays


def encode(x: Floats, sae: Mapping[str, Floats]) -> Floats:
    """Return feature activations, shape (n, features): TopK, JumpReLU or ReLU by what it holds.

    Source: Gao et al. 2024, arXiv:2406.04093 (TopK); Rajamanoharan et al. 2024,
    arXiv:2407.14435 (JumpReLU).
    """
    raw = (x - sae["b_dec"]) @ sae["W_enc"] + sae["b_enc"]
    if "k" in sae:
        return top_k(raw.astype(np.float32), int(sae["k"].item())).astype(np.float64)
    if "threshold" in sae:
        return np.asarray(raw * (raw > sae["threshold"]), dtype=np.float64)
    return np.asarray(np.maximum(raw, 0.0), dtype=np.float64)


class SAEProbe(Probe):
    """Score = log odds of a logistic regression on ``k`` features of a sparse autoencoder.

    The features are those whose mean differs most between the classes, in units of their standard
    deviation. Without ``sae`` a TopK autoencoder is trained on the rows of ``fit``.

    Args:
        k: features the probe reads; with 1 it is a single feature's detector.
        sae: arrays of ``load_sae``; None to train one.
        features: width of a trained dictionary, in multiples of d.
        steps: training steps.
        seed: of the training.

    Source: Kantamneni et al. 2025, arXiv:2502.16681, section 3.
    """

    family = "sae"
    paper = "Kantamneni et al. 2025, arXiv:2502.16681; Gao et al. 2024, arXiv:2406.04093"
    unit = "logit"

    def __init__(
        self,
        k: int = 8,
        sae: Mapping[str, Floats] | None = None,
        features: int = 4,
        steps: int = 500,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.k, self.features, self.steps, self.seed = k, features, steps, seed
        self._sae = dict(sae) if sae is not None else None

    @property
    def settings(self) -> dict[str, JsonValue]:
        """Number of features read and how the dictionary is trained where none is given."""
        return {"k": self.k, "features": self.features, "steps": self.steps, "seed": self.seed}

    def fresh(self) -> SAEProbe:
        """Return an unfitted probe on the same dictionary."""
        return SAEProbe(self.k, self._sae, self.features, self.steps, self.seed)

    @property
    def width(self) -> int | None:
        """Length d of the activations."""
        return int(self.arrays["W_enc"].shape[0]) if self.arrays else None

    @property
    def direction(self) -> Floats | None:
        """The features' decoder rows, weighed as the probe weighs the features, at length 1."""
        self._need_fit()
        rows = self.arrays["W_dec"][self.arrays["chosen"].astype(int)]
        mixed = self.arrays["weight"] @ rows
        return np.asarray(mixed / np.linalg.norm(mixed), dtype=np.float64)

    def _fit(self, x: Floats, y: Ints, groups: Ints) -> Mapping[str, Floats]:
        sae = self._sae
        if sae is None:
            width = self.features * x.shape[1]
            sae = train_topk_sae(
                x, features=width, k=min(16, width), steps=self.steps, seed=self.seed
            )
        elif sae["W_enc"].shape[0] != x.shape[1]:
            raise GaugeblockError(
                f"the SAE reads width {sae['W_enc'].shape[0]}, the activations have {x.shape[1]}",
                where="sae",
            )
        codes = encode(x, sae)
        spread = codes.std(axis=0)
        gap = np.abs(codes[y == 1].mean(axis=0) - codes[y == 0].mean(axis=0))
        strength = np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 1e-9)
        chosen = np.argsort(-strength)[: self.k]
        scale = np.where(spread[chosen] > 1e-9, spread[chosen], 1.0)
        weight, bias = fit_logistic(codes[:, chosen] / scale, y, 1.0)
        return {
            **sae,
            "chosen": chosen.astype(float),
            "weight": weight / scale,
            "bias": np.array(bias),
        }

    def _score(self, x: Floats) -> Floats:
        codes = encode(x, self.arrays)[:, self.arrays["chosen"].astype(int)]
        return np.asarray(codes @ self.arrays["weight"] + self.arrays["bias"])
