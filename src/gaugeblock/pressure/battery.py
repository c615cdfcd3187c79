"""The instruments of the audit: held-out detectors, and probes fitted anew on the policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gaugeblock.detectors.arrays import Ints
from gaugeblock.detectors.families import probe_class
from gaugeblock.detectors.files import load_probe
from gaugeblock.detectors.probe import Probe
from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.cells import Cells, LayerName
from gaugeblock.pressure.seen import Scorer

FPR = 0.01
"""False alarms at which every threshold is set."""

LINEAR = ("lda", "logistic")
NONLINEAR = ("mlp",)
AT_HOME = ("mass-mean", *LINEAR, *NONLINEAR)
ELSEWHERE = ("lda", *NONLINEAR)


@dataclass(frozen=True)
class Instrument:
    """A detector ready to be read.

    Attributes:
        name: in reports.
        probe: gives the scores.
        family: of the probe.
        layer: block that it reads.
        threshold: fixed before the training; None to set it on the reference.
        from_file: whether it was given, rather than fitted by the audit.
        cells: activations pooled as it needs them; None for those of the audit.
        sha256: of its file's tensors; "" where it is from no file.
    """

    name: str
    probe: Scorer
    family: str
    layer: LayerName
    threshold: float | None = None
    from_file: bool = True
    cells: Cells | None = None
    sha256: str = ""


def load_instrument(path: Path, cells: Cells, *, model: str | None = None) -> Instrument:
    """Read a detector file for cells that were pooled as it needs.

    Raises:
        GaugeblockError: as ``load_probe``; a layer that was not recorded, another pooling, or
            another width.
    """
    probe, card = load_probe(path, model=model)
    layer = cells.layer if card.layer is None else card.layer
    try:
        width = cells.read("rr", layer).shape[1]
    except GaugeblockError as error:
        raise GaugeblockError(error.problem, where=path, remedy=error.remedy) from error
    if card.at != cells.at:
        raise GaugeblockError(
            f"it reads tokens pooled by '{card.at}', the activations were pooled by '{cells.at}'",
            where=path,
            remedy=f"Record at '{card.at}'",
        )
    if probe.width is not None and probe.width != width:
        raise GaugeblockError(
            f"it was fitted on width {probe.width}, the activations have width {width}",
            where=path,
            remedy="The detector belongs to another model or layer",
        )
    threshold = None if probe.calibration is None else probe.calibration.threshold
    return Instrument(path.stem, probe, probe.family, layer, threshold, sha256=card.tensors)


def fit_held_out(cells: Cells, rows: Ints) -> Iterator[Instrument]:
    """Yield detectors fitted on the reference's half that is not tested on.

    Four families at the detector's layer and one at every other layer: they differ from the one
    trained against in family, training set or layer, and no training has seen them.
    """
    for family, layer in plan(cells, AT_HOME, ("lda",)):
        x = cells.read("rr", layer)[rows]
        probe = probe_class(family)().fit(x, cells.labels[rows], groups=cells.groups[rows])
        yield Instrument(f"{family} at layer {layer}", probe, family, layer, None, from_file=False)


def fit_on_policy(cells: Cells, rows: Ints) -> Iterator[tuple[str, LayerName, Probe | None, str]]:
    """Yield family, layer, probe and why there is none, fitted on the policy's half.

    Two linear families and one with a hidden layer at the detector's own layer, one of each at
    every other.
    """
    for family, layer in plan(cells, (*LINEAR, *NONLINEAR), ELSEWHERE):
        x = cells.read("pp", layer)[rows]
        try:
            probe = probe_class(family)().fit(x, cells.labels[rows], groups=cells.groups[rows])
        except GaugeblockError as error:
            # Where both classes have the same activations there is nothing to fit, and no
            # information: that is a result, not a mistake of whoever asked.
            yield family, layer, None, error.problem
        else:
            yield family, layer, probe, ""


def plan(
    cells: Cells, at_home: tuple[str, ...], elsewhere: tuple[str, ...]
) -> list[tuple[str, LayerName]]:
    """Return (family, layer) of every probe to fit."""
    others = [layer for layer in cells.layers if layer != cells.layer]
    return [(family, cells.layer) for family in at_home] + [
        (family, layer) for layer in others for family in elsewhere
    ]
