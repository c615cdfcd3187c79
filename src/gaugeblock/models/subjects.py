"""Subject ids: what they name, where the files are, and what identifies the weights."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Literal

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.models.capabilities import API_ONLY, LOCAL_WEIGHTS, Capability

SubjectKind = Literal["builtin", "directory", "hub", "inspect"]

UNPINNED = "unpinned"
"""The fingerprint of a subject whose weights cannot be seen."""

BUILTIN_BASE = "builtin/base"

_WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
_ADAPTER_MARK = "+adapter:"
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")
_HUB_FILES = ["*.json", "*.safetensors", "*.model", "*.jinja", "*.txt"]


class SubjectInfo(Record):
    """What a report says about its subject.

    Attributes:
        id: the subject id as it was given.
        kind: where the weights come from; ``inspect`` for anything behind an API.
        capabilities: what instruments may ask of it.
        fingerprint: SHA-256 over names and contents of the weight files and their
            configuration, or ``unpinned``.
        training_seed: the seed that made the weights, for built-in subjects.
        chat_template: whether there is one; None where it is not ours to see.
    """

    id: str
    kind: SubjectKind
    capabilities: frozenset[Capability]
    fingerprint: str
    training_seed: int | None = None
    chat_template: bool | None = None


class SubjectFiles(Record):
    """Where a local subject's files are.

    Attributes:
        base: directory of the checkpoint.
        adapter: directory of a PEFT LoRA adapter to merge into it, or None.
    """

    base: Path
    adapter: Path | None = None


def resolve_subject(subject: str, *, chat: bool = True) -> SubjectInfo:
    """Check a subject before anything is spent on it, and identify it.

    Args:
        subject: a subject id, see docs/models.md.
        chat: whether the subject will be talked to, so that a missing chat template is an error.

    Raises:
        GaugeblockError: an unknown built-in, a missing directory or file, broken or absent
            safetensors, or (where ``chat``) no chat template.
    """
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
    if subject.startswith("builtin/"):
        return "builtin"
    if subject.startswith("hf/"):
        return "hub"
    directory = subject.split(_ADAPTER_MARK)[0]
    if directory.startswith(("/", "./", "../", "~")) or directory in (".", ".."):
        return "directory"
    if _ADAPTER_MARK in subject or Path(directory).is_dir():
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
        return _directory_files(_hub_snapshot(subject.removeprefix("hf/")))
    base, mark, adapter = subject.partition(_ADAPTER_MARK)
    if not mark:
        return _directory_files(Path(base).expanduser())
    files = SubjectFiles(base=Path(base).expanduser(), adapter=Path(adapter).expanduser())
    _check_adapter(files.adapter or files.base)
    _check_checkpoint(files.base)
    return files


def inspect_model_id(subject: str) -> str:
    """Return the Inspect model id under which a subject generates."""
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


def has_chat_template(files: SubjectFiles) -> bool:
    """Tell whether the tokenizer beside the weights brings a chat template."""
    for folder in (files.adapter, files.base):
        if folder is None:
            continue
        if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
            return True
        config = folder / "tokenizer_config.json"
        if config.is_file() and _read_json(config).get("chat_template"):
            return True
    return False


def fingerprint(files: SubjectFiles) -> str:
    """Return the SHA-256 over what decides the subject's behaviour.

    Weight files, model and generation configuration, tokenizer and template are hashed with
    their names; paths are not, so a copied checkpoint keeps its fingerprint.
    """
    digest = hashlib.sha256()
    for role, folder in (("base", files.base), ("adapter", files.adapter)):
        if folder is None:
            continue
        for path in sorted(folder.iterdir()):
            if path.suffix in (".safetensors", ".json", ".model", ".jinja", ".txt"):
                digest.update(f"{role}/{path.name}\x1f{path.stat().st_size}\x1f".encode())
                with path.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


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


def _hub_snapshot(repository: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    try:
        try:
            found = snapshot_download(repository, allow_patterns=_HUB_FILES, local_files_only=True)
        except FileNotFoundError:
            found = snapshot_download(repository, allow_patterns=_HUB_FILES)
    except (OSError, HFValidationError) as error:
        # Every failure of the hub client (unknown id, gated, offline) is one of these two.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        raise GaugeblockError(
            f"cannot fetch the model from the hub: {reason}",
            where=f"hf/{repository}",
            remedy="Check the id and the network, or give a directory",
        ) from error
    return Path(found)


def _directory_files(folder: Path) -> SubjectFiles:
    if not folder.is_dir():
        raise GaugeblockError("no such directory", where=folder)
    if not (folder / "adapter_config.json").is_file():
        _check_checkpoint(folder)
        return SubjectFiles(base=folder)
    _check_adapter(folder)
    named = _read_json(folder / "adapter_config.json").get("base_model_name_or_path")
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
        base = _hub_snapshot(named)
    _check_checkpoint(base)
    return SubjectFiles(base=base, adapter=folder)


def _check_checkpoint(folder: Path) -> None:
    if not folder.is_dir():
        raise GaugeblockError("no such directory", where=folder)
    if not (folder / "config.json").is_file():
        raise GaugeblockError(
            "no config.json", where=folder, remedy="Give the directory of a Hugging Face checkpoint"
        )
    _read_json(folder / "config.json")
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        raise GaugeblockError(
            "no tokenizer", where=folder, remedy="Save the tokenizer into the same directory"
        )
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise GaugeblockError(
            "no safetensors weights",
            where=folder,
            remedy="Save the model with save_pretrained; pickled weights are not loaded",
        )
    for path in weights:
        _check_safetensors(path)


def _check_adapter(folder: Path) -> None:
    if not folder.is_dir():
        raise GaugeblockError("no such directory", where=folder)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        if not (folder / name).is_file():
            raise GaugeblockError(
                f"no {name}", where=folder, remedy="Give the directory of a PEFT LoRA adapter"
            )
    _check_safetensors(folder / "adapter_model.safetensors")


def _check_safetensors(path: Path) -> None:
    # Read by hand so that the light core needs no safetensors: eight bytes of header length,
    # a JSON header, and data that must end where the header says.
    size = path.stat().st_size
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > size - 8:
                raise ValueError("the header is longer than the file")
            header = json.loads(stream.read(length))
            ends = [int(v["data_offsets"][1]) for k, v in header.items() if k != "__metadata__"]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise GaugeblockError(
            f"not a safetensors file ({error})", where=path, remedy="Fetch or save it again"
        ) from error
    if max(ends, default=0) != size - 8 - length:
        raise GaugeblockError(
            "the safetensors file is cut short or has bytes too many",
            where=path,
            remedy="Fetch or save it again",
        )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise GaugeblockError(f"not JSON ({error})", where=path) from error
    if not isinstance(loaded, dict):
        raise GaugeblockError("not a JSON object", where=path)
    return loaded
