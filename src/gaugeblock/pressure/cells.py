"""The 2x2 of text and activations: whose text was read by whose weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from pydantic import ValidationError

from gaugeblock.detectors.arrays import Floats, Ints, check_groups, check_labels
from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.pressure.kinds import RunRecord

Corner = Literal["rr", "rp", "pr", "pp"]
"""First letter: who wrote the text; second: whose activations; r the reference, p the policy."""

CORNERS: tuple[Corner, ...] = ("rr", "rp", "pr", "pp")
LayerName = int | Literal["embedding"]


class ArraysCard(Record):
    """What a directory of arrays may say of itself, in ``audit.json``; all of it is optional.

    Attributes:
        layers: the layers, in the order of the arrays' second axis.
        layer: the layer that the detector reads; needed where there are several.
        at: how tokens were pooled.
        reference: what the reference is.
        policy: what the policy is.
        kl: drift of the policy in nats per token, as measured where the arrays were made.
        run: what was done to the model.
    """

    layers: tuple[LayerName, ...] = (0,)
    layer: LayerName | None = None
    at: str = "last"
    reference: str = "arrays"
    policy: str = "arrays"
    kl: float | None = None
    run: RunRecord = RunRecord()


@dataclass(frozen=True, eq=False)
class Cells:
    """Activations of forced pairs in all four corners; row i is the same prompt and side in each.

    Attributes:
        values: corner to activations, shape (n, layers, d), float64.
        labels: 1 where the text was forced to misbehave, 0 where it was forced not to; (n,).
        groups: one code per row, equal for the rows of one prompt; (n,).
        layers: the layers, in the order of the second axis.
        layer: the one that the detector trained against reads.
        at: pooling of tokens.
    """

    values: dict[Corner, Floats]
    labels: Ints
    groups: Ints
    layers: tuple[LayerName, ...]
    layer: LayerName
    at: str = "last"

    def read(self, corner: Corner, layer: LayerName | None = None) -> Floats:
        """Return one corner's activations at a layer (the detector's own if None), (n, d).

        Raises:
            GaugeblockError: the layer is not there.
        """
        wanted = self.layer if layer is None else layer
        if wanted not in self.layers:
            raise GaugeblockError(
                f"layer {wanted} is not among the layers {', '.join(map(str, self.layers))}",
                where="layer",
                remedy="Record it, or name a detector of a layer that was recorded",
            )
        return self.values[corner][:, self.layers.index(wanted)]

    @property
    def same_text(self) -> bool:
        """Whether both texts gave the same activations in both models, to the last bit."""
        v = self.values
        return np.array_equal(v["rr"], v["pr"]) and np.array_equal(v["rp"], v["pp"])


def make_cells(
    arrays: Mapping[Corner, ArrayLike],
    labels: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    layers: tuple[LayerName, ...] = (0,),
    layer: LayerName | None = None,
    at: str = "last",
) -> Cells:
    """Check four arrays and return them as cells.

    Args:
        arrays: corner to activations, each of the same shape (n, d) or (n, layers, d): ``rp`` is
            text of the reference read by the policy.
        labels: 0 or 1, shape (n,).
        groups: one key per row, the same for the rows of a prompt; None makes each its own.
        layers: names of the layers.
        layer: the detector's; may be left out where there is one.
        at: pooling of tokens.

    Raises:
        GaugeblockError: shapes that disagree, NaN or infinite values, one class only, a layer
            that is not there, or fewer than 40 prompts.
    """
    values: dict[Corner, Floats] = {}
    for corner in CORNERS:
        array = arrays[corner]
        x = np.asarray(array)
        if not np.issubdtype(x.dtype, np.number) or np.iscomplexobj(x):
            raise GaugeblockError(f"an array of {x.dtype}, not of real numbers", where=corner)
        x = x.astype(np.float64)
        x = x[:, None, :] if x.ndim == 2 else x
        if x.ndim != 3 or not x.size:
            raise GaugeblockError(
                f"shape {np.asarray(array).shape} where (n, d) or (n, layers, d) is read",
                where=corner,
            )
        bad = np.flatnonzero(~np.isfinite(x).all(axis=(1, 2)))
        if len(bad):
            raise GaugeblockError(
                f"NaN or infinite values in {len(bad)} of {len(x)} rows, first in row {bad[0]}",
                where=corner,
                remedy="Record in float32; a policy that gives NaN has been broken by its training",
            )
        values[corner] = x
    shapes = {corner: x.shape for corner, x in values.items()}
    if len(set(shapes.values())) > 1:
        told = ", ".join(f"{corner} {shape}" for corner, shape in shapes.items())
        raise GaugeblockError(
            f"the four arrays differ in shape ({told})",
            where="arrays",
            remedy="Row i of each must be the same prompt and the same forced side",
        )
    n, depth, _ = values["rr"].shape
    if len(layers) != depth or len(set(layers)) != depth:
        raise GaugeblockError(f"{len(layers)} names for {depth} layers", where="layers")
    if layer is None and depth > 1:
        raise GaugeblockError(
            f"{depth} layers, and none is named as the detector's",
            where="layer",
            remedy='Write "layer" into audit.json',
        )
    y = check_labels(labels, n)
    g = check_groups(groups, n)
    chosen = layers[0] if layer is None else layer
    cells = Cells(values, y, g, layers, chosen, at)
    cells.read("rr")
    if int(g.max()) + 1 < 40:
        raise GaugeblockError(
            f"{int(g.max()) + 1} prompts; half of them are fitted on and half tested on",
            where="groups",
            remedy="Give 40 or more; 400 tell intact from lost",
        )
    return cells


def load_arrays(folder: Path) -> tuple[Cells, ArraysCard]:
    """Read ``rr.npy``, ``rp.npy``, ``pr.npy``, ``pp.npy``, ``labels.npy`` and what goes with them.

    Optional: ``groups.npy`` (integers or text) and ``audit.json`` (see ``ArraysCard``).

    Raises:
        GaugeblockError: a file is missing or no plain array, and as ``make_cells``.
    """
    if not folder.is_dir():
        raise GaugeblockError("no such directory", where=folder)
    card = ArraysCard()
    described = folder / "audit.json"
    if described.is_file():
        try:
            card = ArraysCard.model_validate(json.loads(described.read_text(encoding="utf-8")))
        except (ValidationError, json.JSONDecodeError) as error:
            raise GaugeblockError(f"not a card of arrays ({error})", where=described) from error
    groups = folder / "groups.npy"
    cells = make_cells(
        {corner: _array(folder / f"{corner}.npy") for corner in CORNERS},
        labels=_array(folder / "labels.npy"),
        groups=_array(groups) if groups.is_file() else None,
        layers=card.layers,
        layer=card.layer,
        at=card.at,
    )
    return cells, card


def save_arrays(folder: Path, cells: Cells, card: ArraysCard | None = None) -> None:
    """Write what ``load_arrays`` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for corner, x in cells.values.items():
        np.save(folder / f"{corner}.npy", x, allow_pickle=False)
    np.save(folder / "labels.npy", cells.labels, allow_pickle=False)
    np.save(folder / "groups.npy", cells.groups, allow_pickle=False)
    told = (card or ArraysCard()).model_copy(
        update={"layers": cells.layers, "layer": cells.layer, "at": cells.at}
    )
    (folder / "audit.json").write_text(told.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _array(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise GaugeblockError("no such file", where=path) from error
    except (ValueError, OSError, EOFError) as error:
        raise GaugeblockError(
            f"not a plain .npy array ({error})", where=path, remedy="Save it with numpy.save"
        ) from error
