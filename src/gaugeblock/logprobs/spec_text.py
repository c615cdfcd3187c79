"""Channels as people name them: a card, a file with a specification, or a few words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.card import read_card
from gaugeblock.logprobs.spec import FAMILIES, ChannelSpec

_REMEDY = "Give a card, a JSON or YAML file, or words such as bf16,k=5 or softcap,cap=30"


def read_channel(text: str) -> ChannelSpec:
    """Return the channel that ``text`` names.

    Args:
        text: path of a channel card or of a file with the fields of :class:`ChannelSpec`, or a
            family with fields, such as ``step,step=0.125,sentinel=-9999``. Without a family the
            fields stand for a channel that leaves the numbers as they are.

    Raises:
        GaugeblockError: if it names no channel, names a field wrongly, or is undecided.
    """
    path = Path(text)
    spec = _from_file(path) if _is_file(path) else _from_words(text)
    if spec.family == "undecided":
        raise GaugeblockError(
            "the card could not tell several channels apart",
            where=text,
            remedy="Put one of the card's candidates into a file of its own",
        )
    return spec


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _from_file(path: Path) -> ChannelSpec:
    try:
        fields = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise GaugeblockError("is neither JSON nor YAML", where=path, remedy=_REMEDY) from error
    if not isinstance(fields, dict):
        raise GaugeblockError("holds no fields of a channel", where=path, remedy=_REMEDY)
    if "version" in fields:
        return read_card(path).channel
    return _validated(fields, str(path))


def _from_words(text: str) -> ChannelSpec:
    fields: dict[str, Any] = {}
    for index, word in enumerate(text.split(",")):
        name, equals, value = word.strip().partition("=")
        if index == 0 and not equals and name in FAMILIES:
            fields["family"] = name
        elif equals and name in ChannelSpec.model_fields:
            fields[name] = value.split("+") if name == "drops" else value
        else:
            raise GaugeblockError(
                f"{word.strip()!r} is neither a file nor a family nor field=value of a channel",
                where=text,
                remedy=_REMEDY,
            )
    return _validated(fields, text)


def _validated(fields: dict[str, Any], where: str) -> ChannelSpec:
    try:
        return ChannelSpec.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "channel"
        raise GaugeblockError(
            f"is no channel: {field}: {first['msg'].lower()}", where=where, remedy=_REMEDY
        ) from error
