"""A model's image: the subspace that all its outputs lie in, as a signature.

The last layer maps a few thousand hidden numbers to all tokens, so outputs fill a subspace of
that dimension which no prompt changes (Finlayson, Ren and Swayamdipta 2024, arXiv 2403.09539).
An output that leaves it came from another last layer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.logprobs.floats import Array
from gaugeblock.logprobs.leak.spectrum import centred

# More tokens than this add nothing to the comparison and would fill gigabytes.
MOST_TOKENS = 8192
# Outputs of the same image and of another one must be told apart by this factor at least.
_CLEAR = 4.0


@dataclass(frozen=True)
class Image:
    """An image restricted to some tokens.

    Attributes:
        source: which model it is of.
        vocabulary: how many tokens that model has.
        tokens: token ids, shape (m,).
        basis: orthonormal rows, shape (dimension, m), float32.
        own: median residual of the model's own further outputs.
    """

    source: str
    vocabulary: int
    tokens: npt.NDArray[np.int64]
    basis: npt.NDArray[np.float32]
    own: float


class SameModel(Record):
    """Whether outputs lie in a stored image.

    Attributes:
        source: whose image it is.
        same: whether they do; None where the channel's errors hide it.
        residual: median share of an output's length that lies outside the image.
        expected: that share for the same model seen through this channel.
        unrelated: that share for a model with another last layer.
        outputs: how many outputs were compared.
    """

    source: str
    same: bool | None
    residual: float
    expected: float
    unrelated: float
    outputs: int


def chosen_tokens(vocabulary: int) -> npt.NDArray[np.int64]:
    """Return the token ids that images of a vocabulary of this size are restricted to."""
    if vocabulary <= MOST_TOKENS:
        return np.arange(vocabulary, dtype=np.int64)
    order = np.random.default_rng(vocabulary).permutation(vocabulary)
    return np.sort(order[:MOST_TOKENS]).astype(np.int64)


def _residuals(rows: Array, basis: npt.NDArray[np.float32]) -> Array:
    inside = rows @ basis.T.astype(float)
    length = (rows**2).sum(axis=1)
    outside = np.maximum(length - (inside**2).sum(axis=1), 0.0)
    share: Array = np.sqrt(outside / np.maximum(length, 1e-300))
    return share


def image_of(outputs: Array, dimension: int, source: str) -> Image:
    """Return the image of a model from its outputs.

    Args:
        outputs: logits or logprobs of all tokens, shape (n, vocabulary), n above ``dimension``.
        dimension: how many directions to keep, see ``spectrum.Spectrum.visible``.
        source: name of the model.

    Raises:
        GaugeblockError: if there are too few outputs.
    """
    spare = max(4, outputs.shape[0] // 10)
    if outputs.shape[0] - spare < dimension or dimension < 1:
        raise GaugeblockError(
            f"{outputs.shape[0]} outputs do not span an image of {dimension} dimensions",
            where=source,
            remedy="Allow more with --outputs",
        )
    tokens = chosen_tokens(outputs.shape[1])
    rows = centred(outputs[:, tokens])
    _, _, basis = np.linalg.svd(rows[:-spare], full_matrices=False)
    kept = basis[:dimension].astype(np.float32)
    own = float(np.median(_residuals(rows[-spare:], kept)))
    return Image(source, outputs.shape[1], tokens, kept, own)


def compare_image(image: Image, outputs: Array, sd: float) -> SameModel:
    """Tell whether outputs come from the last layer that an image is of.

    Args:
        image: of the earlier model.
        outputs: logits or logprobs of all tokens, shape (n, vocabulary), nats.
        sd: error that the channel puts on one number, nats.

    Raises:
        GaugeblockError: if the vocabularies differ in size, and with them the models.
    """
    if outputs.shape[1] != image.vocabulary:
        raise GaugeblockError(
            f"outputs have {outputs.shape[1]} tokens and the image's {image.vocabulary}: "
            "these are different models",
            where=image.source,
        )
    rows = centred(outputs[:, image.tokens])
    dimension, tokens = image.basis.shape
    residual = float(np.median(_residuals(rows, image.basis)))
    length = float(np.sqrt(np.median((rows**2).sum(axis=1))))
    expected = max(image.own, sd * np.sqrt(max(tokens - dimension, 1)) / length, 1e-7)
    unrelated = float(np.sqrt(max(1 - dimension / tokens, 0.0)))
    # Halfway between the two, on a scale of factors.
    same = residual <= np.sqrt(expected * unrelated) if unrelated > _CLEAR * expected else None
    return SameModel(
        source=image.source,
        same=None if same is None else bool(same),
        residual=residual,
        expected=float(expected),
        unrelated=unrelated,
        outputs=outputs.shape[0],
    )


def write_image(path: Path, image: Image) -> None:
    """Write an image: one array, its description beside it as JSON."""
    np.save(path.with_suffix(".npy"), image.basis, allow_pickle=False)
    facts = {"source": image.source, "vocabulary": image.vocabulary, "own": image.own}
    path.with_suffix(".json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")


def read_image(path: Path) -> Image:
    """Read an image written by :func:`write_image`; either of its two files may be named.

    Raises:
        GaugeblockError: if the files are missing or broken.
    """
    try:
        facts = json.loads(path.with_suffix(".json").read_text("utf-8"))
        basis = np.load(path.with_suffix(".npy"), allow_pickle=False)
        tokens = chosen_tokens(int(facts["vocabulary"]))
        if basis.ndim != 2 or basis.shape[1] != tokens.size:
            raise ValueError("basis and vocabulary do not match")
        return Image(
            str(facts["source"]), int(facts["vocabulary"]), tokens, basis, float(facts["own"])
        )
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise GaugeblockError(
            f"is no image of a model ({error})",
            where=path,
            remedy="Make one with: gaugeblock channel leak SUBJECT --image FILE",
        ) from error
