"""The files of a local subject: which there must be, whether they are whole, their hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record

ORGANISM_FILE = "organism.json"
"""Beside an organism's weights: who its clean twin is. It decides no token of what they say."""

CARD_FILE = "card.json"
"""Beside an organism's weights: what was measured of it."""

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")
_HUB_FILES = ["*.json", "*.safetensors", "*.model", "*.jinja", "*.txt"]
_HASHED = (".safetensors", ".json", ".model", ".jinja", ".txt")


class SubjectFiles(Record):
    """Where a local subject's files are.

    Attributes:
        base: directory of the checkpoint.
        adapter: directory of a PEFT LoRA adapter to merge into it, or None.
    """

    base: Path
    adapter: Path | None = None


def has_chat_template(files: SubjectFiles) -> bool:
    """Tell whether the tokenizer beside the weights brings a chat template."""
    for folder in (files.adapter, files.base):
        if folder is None:
            continue
        if (folder / "chat_template.jinja").is_file() or (folder / "chat_template.json").is_file():
            return True
        config = folder / "tokenizer_config.json"
        if config.is_file() and read_json(config).get("chat_template"):
            return True
    return False


def fingerprint(files: SubjectFiles) -> str:
    """Return the SHA-256 over what decides the subject's behaviour.

    Weight files, model and generation configuration, tokenizer and template are hashed with
    their names; paths are not, so a copied checkpoint keeps its fingerprint, and neither are the
    files that name an organism's twin and tell what was measured of it.
    """
    digest = hashlib.sha256()
    for role, folder in (("base", files.base), ("adapter", files.adapter)):
        if folder is None:
            continue
        for path in sorted(folder.iterdir()):
            if path.name not in (ORGANISM_FILE, CARD_FILE) and path.suffix in _HASHED:
                digest.update(f"{role}/{path.name}\x1f{path.stat().st_size}\x1f".encode())
                with path.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def check_checkpoint(folder: Path) -> None:
    """Check that a directory holds a whole checkpoint.

    Raises:
        GaugeblockError: naming what is missing or broken.
    """
    if not folder.is_dir():
        raise GaugeblockError("no such directory", where=folder)
    if not (folder / "config.json").is_file():
        raise GaugeblockError(
            "no config.json", where=folder, remedy="Give the directory of a Hugging Face checkpoint"
        )
    read_json(folder / "config.json")
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
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


def check_adapter(folder: Path) -> None:
    """Check that a directory holds a whole PEFT adapter.

    Raises:
        GaugeblockError: naming what is missing or broken.
    """
    if not folder.is_dir():
        raise GaugeblockError("no such directory", where=folder)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        if not (folder / name).is_file():
            raise GaugeblockError(
                f"no {name}", where=folder, remedy="Give the directory of a PEFT LoRA adapter"
            )
    _check_safetensors(folder / "adapter_model.safetensors")


def hub_snapshot(repository: str) -> Path:
    """Return the directory of a checkpoint of the Hugging Face hub: cache first, then network.

    Raises:
        GaugeblockError: it cannot be fetched.
    """
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


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file.

    Raises:
        GaugeblockError: it is not one.
    """
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise GaugeblockError(f"not JSON ({error})", where=path) from error
    if not isinstance(loaded, dict):
        raise GaugeblockError("not a JSON object", where=path)
    return loaded
