"""A detector on disk: ``NAME.safetensors`` with what was fitted, ``NAME.json`` with what it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, JsonValue, ValidationError

from gaugeblock import __version__
from gaugeblock.detectors.contract import Unit
from gaugeblock.detectors.families import PROBES, probe_class
from gaugeblock.detectors.frame import NO_FRAME, Frame
from gaugeblock.detectors.probe import Calibration, Probe
from gaugeblock.detectors.tensors import no_safetensors, read_tensors
from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record


class DetectorCard(Record):
    """What a detector file says of itself.

    Attributes:
        version: of this schema.
        family: short name of the probe's class.
        settings: what the class was built with.
        concept: what a high score is taken to mean.
        unit: unit of the scores.
        model: SHA-256 of the model's weights, or "" where the arrays came from no model.
        subject: id of the subject, for people.
        layer: block whose output it reads, from 0; None where that has no meaning.
        at: how tokens were pooled: last, mean, max or mask.
        frame: what stood around every text.
        width: length of one activation.
        calibration: threshold, or None.
        trained_on: hashes of the groups it was fitted on (see ``group_hash``), so that seen
            groups can be told from unseen ones; empty where not recorded.
        tensors: SHA-256 of the safetensors file.
        program: program and version that wrote it.
    """

    version: Literal[1] = 1
    family: str
    settings: dict[str, JsonValue] = Field(default_factory=dict)
    concept: str
    unit: Unit
    model: str = ""
    subject: str = ""
    layer: int | None = None
    at: str = "last"
    frame: Frame = NO_FRAME
    width: int | None = None
    calibration: Calibration | None = None
    trained_on: tuple[str, ...] = ()
    tensors: str = ""
    program: str = f"gaugeblock {__version__}"


def group_hash(group: object) -> str:
    """Return 16 hex digits that stand for a group without naming it."""
    return hashlib.sha256(str(group).encode()).hexdigest()[:16]


def save_probe(
    probe: Probe,
    path: Path,
    *,
    concept: str,
    model: str = "",
    subject: str = "",
    layer: int | None = None,
    at: str = "last",
    frame: Frame = NO_FRAME,
    trained_on: Iterable[object] = (),
) -> DetectorCard:
    """Write ``path``.safetensors and ``path``.json and return the card.

    Args:
        probe: a fitted probe of one of the built-in families.
        path: where to, with or without one of the two endings.
        concept: what a high score means.
        model: SHA-256 of the model's weights.
        subject: id of the subject.
        layer: block whose output was read.
        at: pooling of tokens.
        frame: what stood around every text.
        trained_on: names of the groups it was fitted on; only hashes are written.

    Raises:
        GaugeblockError: not fitted, or a probe that only exists in another program.
    """
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise no_safetensors() from error
    if PROBES.get(probe.family) is not type(probe):
        raise GaugeblockError(
            f"a {probe.family} probe ({type(probe).__name__}) cannot be saved as a detector file",
            where=path,
            remedy="Keep it in the format of the program it is from",
        )
    if not probe.arrays:
        raise GaugeblockError(f"the {probe.family} probe is not fitted", where=path)
    stem = _stem(path)
    payload = save({name: np.array(array, order="C") for name, array in probe.arrays.items()})
    card = DetectorCard(
        family=probe.family,
        settings=probe.settings,
        concept=concept,
        unit=probe.unit,
        model=model,
        subject=subject,
        layer=layer,
        at=at,
        frame=frame,
        width=probe.width,
        calibration=probe.calibration,
        trained_on=tuple(sorted({group_hash(group) for group in trained_on})),
        tensors=hashlib.sha256(payload).hexdigest(),
    )
    stem.parent.mkdir(parents=True, exist_ok=True)
    stem.with_name(stem.name + ".safetensors").write_bytes(payload)
    stem.with_name(stem.name + ".json").write_text(card.model_dump_json(indent=2) + "\n")
    return card


def load_probe(path: Path, *, model: str | None = None) -> tuple[Probe, DetectorCard]:
    """Return the probe and card of a detector file.

    Args:
        path: its ``.json`` or ``.safetensors``, or their common stem.
        model: SHA-256 of the model it is to be used on; None where that is not known.

    Raises:
        GaugeblockError: a file is missing or broken, the two do not belong together, or the
            detector was fitted on another model.
    """
    stem = _stem(path)
    where = stem.with_name(stem.name + ".json")
    try:
        card = DetectorCard.model_validate_json(where.read_bytes())
    except OSError as error:
        raise GaugeblockError("no such detector file", where=where) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise GaugeblockError(
            f"not a detector card ({field}: {first['msg']})", where=where
        ) from error
    if model is not None and card.model and card.model != model:
        raise GaugeblockError(
            f"the detector was fitted on another model (weights {card.model[:12]}, here "
            f"{model[:12]})",
            where=where,
            remedy=f"Certify it on {card.subject or 'its own model'}, or fit a new one",
        )
    tensors = stem.with_name(stem.name + ".safetensors")
    arrays = read_tensors(tensors)
    if hashlib.sha256(tensors.read_bytes()).hexdigest() != card.tensors:
        raise GaugeblockError(
            "the tensors are not those the card was written for",
            where=tensors,
            remedy="Save the detector again",
        )
    probe = probe_class(card.family)(**card.settings)
    return probe.restore(arrays, card.calibration), card


def _stem(path: Path) -> Path:
    return path.with_suffix("") if path.suffix in (".json", ".safetensors") else path
