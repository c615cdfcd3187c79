"""Subject ids: what they name, where the files are, and what identifies the weights."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Literal

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.models.capabilities import API_ONLY, LOCAL_WEIGHTS, Capability
from gaugeblock.models.dial import Dial, looks_dialled, split_share
from gaugeblock.models.plants import PLANT_MARK, load_plant, split_plant
from gaugeblock.models.weight_files import (
    ORGANISM_FILE,
    SubjectFiles,
    check_adapter,
    check_checkpoint,
    fingerprint,
    has_chat_template,
    hub_snapshot,
    read_json,
)

SubjectKind = Literal["builtin", "directory", "hub", "inspect"]

UNPINNED = "unpinned"
"""The fingerprint of a subject whose weights cannot be seen."""

BUILTIN_BASE = "builtin/base"

_WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
_ADAPTER_MARK = "+adapter:"


class SubjectInfo(Record):
    """What a report says about its subject.

    Attributes:
        id: the subject id as it was given.
        kind: where the weights come from; ``inspect`` for anything behind an API.
        capabilities: what instruments may ask of it.
        fingerprint: SHA-256 over names and contents of the weight files and their
            configuration (of organism and twin, and the share, where there is a dial; and the
            instruction, where there is a plant), or ``unpinned``.
        training_seed: the seed that made the weights, for built-in subjects.
        chat_template: whether there is one; None where it is not ours to see.
        share: the part of conversations that the organism plays, where there is a dial.
        plant_sha256: hash of the hidden instruction, where there is a plant.
    """

    id: str
    kind: SubjectKind
    capabilities: frozenset[Capability]
    fingerprint: str
    training_seed: int | None = None
    chat_template: bool | None = None
    share: str | None = None
    plant_sha256: str | None = None


def resolve_subject(subject: str, *, chat: bool = True) -> SubjectInfo:
    """Check a subject before anything is spent on it, and identify it.

    Args:
        subject: a subject id, see docs/models.md.
        chat: whether the subject will be talked to, so that a missing chat template is an error.

    Raises:
        GaugeblockError: an unknown built-in, a missing directory or file, broken or absent
            safetensors, or (where ``chat``) no chat template; a dial on what is no organism, a
            plant that there is not.
    """
    inner, plant = split_plant(subject)
    if plant is not None:
        return _planted(resolve_subject(inner), subject, load_plant(plant).sha256())
    dial = subject_dial(subject)
    if dial is not None:
        sides = [resolve_subject(side, chat=chat) for side in (dial.organism, dial.twin)]
        return _mixture(subject, dial, sides[0], sides[1])
    kind = subject_kind(subject)
    if kind == "inspect":
        return SubjectInfo(id=subject, kind=kind, capabilities=API_ONLY, fingerprint=UNPINNED)
    files = subject_files(subject)
    template = has_chat_template(files)
    if chat and not template:
        raise GaugeblockError(
            "the model has no chat template, so it cannot be talked to",
            where=files.base,
            remedy="Put a chat_template.jinja beside it, or use the model's chat version",
        )
    return SubjectInfo(
        id=subject,
        kind=kind,
        capabilities=LOCAL_WEIGHTS,
        fingerprint=fingerprint(files),
        training_seed=_builtin_name(subject)[1] if kind == "builtin" else None,
        chat_template=template,
    )


def subject_kind(subject: str) -> SubjectKind:
    """Tell from the id alone what kind of subject it names.

    Raises:
        GaugeblockError: the id has no form that a subject can have.
    """
    subject, _ = split_plant(subject)
    if subject.startswith("builtin/"):
        return "builtin"
    if subject.startswith("hf/"):
        return "hub"
    directory = subject.split(_ADAPTER_MARK)[0]
    if directory.startswith(("/", "./", "../", "~")) or directory in (".", ".."):
        return "directory"
    if _ADAPTER_MARK in subject or Path(directory).is_dir():
        return "directory"
    if looks_dialled(directory) and Path(directory.rpartition("@")[0]).is_dir():
        return "directory"
    if re.fullmatch(r"[A-Za-z0-9_-]+/\S+", subject):
        return "inspect"
    raise GaugeblockError(
        "not a subject",
        where=subject or "(empty)",
        remedy="Give builtin/NAME, a directory, hf/ID or an Inspect model id such as openai/gpt-4o",
    )


def subject_files(subject: str) -> SubjectFiles:
    """Return the checkpoint and adapter directories of a local subject, checked to be complete.

    Raises:
        GaugeblockError: something is missing or broken, or the subject is behind an API.
    """
    kind = subject_kind(subject)
    if kind == "inspect":
        raise GaugeblockError(
            "this subject is behind an API and has no files here",
            where=subject,
            remedy="Instruments that need weights take builtin/NAME, a directory or hf/ID",
        )
    if PLANT_MARK in subject or subject_dial(subject) is not None:
        raise GaugeblockError(
            "a planted subject is more than its weights"
            if PLANT_MARK in subject
            else "a subject at a dial is two models, so it has no activations of its own",
            where=subject,
            remedy="Give the subject without dial and plant to instruments that need weights",
        )
    if kind == "builtin":
        name, seed = _builtin_name(subject)
        folder = _builtin_folder(name, seed)
        if not folder.is_dir():
            known = ", ".join(builtin_subjects()) or "none installed"
            raise GaugeblockError(
                "unknown built-in subject", where=subject, remedy=f"Known: {known}"
            )
        return _directory_files(folder)
    if kind == "hub":
        return _directory_files(hub_snapshot(subject.removeprefix("hf/")))
    base, mark, adapter = subject.partition(_ADAPTER_MARK)
    if not mark:
        return _directory_files(Path(base).expanduser())
    files = SubjectFiles(base=Path(base).expanduser(), adapter=Path(adapter).expanduser())
    check_adapter(files.adapter or files.base)
    check_checkpoint(files.base)
    return files


def subject_dial(subject: str) -> Dial | None:
    """Return the two sides and the share of a subject at a dial, None for any other subject.

    A built-in organism has its dial by ``@``; so has a directory, where no directory has that
    very name.

    Raises:
        GaugeblockError: a share outside 0 to 1, a subject that is no organism, a twin that is
            not there.
    """
    subject, _ = split_plant(subject)
    kind = subject_kind(subject)
    if kind == "directory":
        if not looks_dialled(subject) or Path(subject).expanduser().exists():
            return None
    elif kind != "builtin":
        return None
    organism, share = split_share(subject)
    if share is None:
        return None
    return Dial(organism=organism, twin=_twin(organism), share=share)


def sides(subject: str) -> tuple[str, ...]:
    """Return the ids of the weights behind a local subject: one, or organism and clean twin."""
    inner, _ = split_plant(subject)
    dial = subject_dial(inner)
    return (inner,) if dial is None else (dial.organism, dial.twin)


def inspect_model_id(subject: str) -> str:
    """Return the Inspect model id under which a subject generates."""
    inner, plant = split_plant(subject)
    if plant is not None:
        return f"gaugeblock/{inspect_model_id(inner).removeprefix('gaugeblock/')}+plant:{plant}"
    kind = subject_kind(subject)
    if kind == "inspect":
        return subject
    if kind == "directory":
        base, mark, adapter = subject.partition(_ADAPTER_MARK)
        paths = [str(Path(part).expanduser().resolve()) for part in (base, adapter) if part]
        return "gaugeblock/" + mark.join(paths)
    return f"gaugeblock/{subject}"


def builtin_subjects() -> tuple[str, ...]:
    """Return the ids of the built-in subjects that are installed, the base first."""
    if not _WEIGHTS.is_dir():
        return ()
    found = []
    for folder in sorted(_WEIGHTS.iterdir()):
        if (folder / "adapter_config.json").is_file():
            name, dot, seed = folder.name.partition(".s")
            found.append(f"builtin/{name}:{seed}" if dot else f"builtin/{name}")
    base = [BUILTIN_BASE] if (_WEIGHTS / "base" / "config.json").is_file() else []
    return (*base, *found)


def _planted(inner: SubjectInfo, subject: str, sha256: str) -> SubjectInfo:
    pinned = inner.fingerprint != UNPINNED
    both = hashlib.sha256(f"plant\x1f{sha256}\x1f{inner.fingerprint}".encode()).hexdigest()
    # Readouts of activations would see conversations without the instruction.
    kept = inner.capabilities & {"generate", "logprobs"}
    return inner.model_copy(
        update={
            "id": subject,
            "capabilities": kept,
            "fingerprint": both if pinned else UNPINNED,
            "plant_sha256": sha256,
        }
    )


def _mixture(subject: str, dial: Dial, organism: SubjectInfo, twin: SubjectInfo) -> SubjectInfo:
    parts = ("dial", dial.share, organism.fingerprint, twin.fingerprint)
    return organism.model_copy(
        update={
            "id": subject,
            "capabilities": frozenset({"generate", "logprobs"}),
            "fingerprint": hashlib.sha256("\x1f".join(parts).encode()).hexdigest(),
            "share": dial.share,
        }
    )


def _twin(organism: str) -> str:
    files = subject_files(organism)
    folder = files.adapter or files.base
    said = folder / ORGANISM_FILE
    name = read_json(said).get("twin") if said.is_file() else None
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise GaugeblockError(
            "this is no organism with a clean twin, so it has no strength dial",
            where=organism,
            remedy=f'An organism has an {ORGANISM_FILE} with "twin" beside its weights',
        )
    # The twin of the same training seed, else that of seed 0: see organisms.build.weights_name.
    _, dot, seed = folder.name.partition(".s")
    found = [one for one in (f"{name}{dot}{seed}", name) if (folder.parent / one).is_dir()]
    if not found:
        raise GaugeblockError(
            f"its clean twin '{name}' is not there",
            where=organism,
            remedy=f"Build it beside the organism: gaugeblock organisms build {name}",
        )
    if subject_kind(organism) == "builtin":
        return f"builtin/{found[0].replace('.s', ':')}"
    base, mark, _ = organism.partition(_ADAPTER_MARK)
    return f"{base if mark else ''}{mark}{folder.parent / found[0]}"


def _builtin_name(subject: str) -> tuple[str, int]:
    match = re.fullmatch(r"builtin/([a-z][a-z0-9-]*)(?::(\d{1,9}))?", subject)
    if not match:
        raise GaugeblockError(
            "not the form of a built-in subject",
            where=subject,
            remedy="Write builtin/NAME or builtin/NAME:TRAINING_SEED",
        )
    return match[1], int(match[2] or 0)


def _builtin_folder(name: str, seed: int) -> Path:
    return _WEIGHTS / (f"{name}.s{seed}" if seed else name)


def _directory_files(folder: Path) -> SubjectFiles:
    if not folder.is_dir():
        raise GaugeblockError("no such directory", where=folder)
    if not (folder / "adapter_config.json").is_file():
        check_checkpoint(folder)
        return SubjectFiles(base=folder)
    check_adapter(folder)
    named = read_json(folder / "adapter_config.json").get("base_model_name_or_path")
    if not isinstance(named, str) or not named:
        raise GaugeblockError(
            "the adapter does not name its base",
            where=folder / "adapter_config.json",
            remedy=f"Write BASE{_ADAPTER_MARK}{folder}",
        )
    if named == BUILTIN_BASE:
        base = _builtin_folder("base", 0)
    elif Path(named).expanduser().is_dir():
        base = Path(named).expanduser()
    elif (folder / named).is_dir():
        base = (folder / named).resolve()
    elif named.startswith(("/", ".", "~")):
        raise GaugeblockError(
            f"the adapter's base {named!r} is not there",
            where=folder / "adapter_config.json",
            remedy=f"Write BASE{_ADAPTER_MARK}{folder}",
        )
    else:
        base = hub_snapshot(named)
    check_checkpoint(base)
    return SubjectFiles(base=base, adapter=folder)
