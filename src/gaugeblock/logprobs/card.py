"""The channel card: what a channel does to logprobs, as later commands load it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.logprobs.channel.change import Change
from gaugeblock.logprobs.channel.grid.verdict import GridVerdict
from gaugeblock.logprobs.channel.hygiene import Hygiene
from gaugeblock.logprobs.channel.number_format import NumberFormat
from gaugeblock.logprobs.channel.repeats import Repeats
from gaugeblock.logprobs.channel.sampling import Sampling
from gaugeblock.logprobs.channel.temperature import Temperature
from gaugeblock.logprobs.spec import ChannelSpec, Family

CARD_VERSION: Literal["gaugeblock.channel/1"] = "gaugeblock.channel/1"


class ChannelCard(Record):
    """Everything that was measured of a channel.

    Attributes:
        version: format of the card.
        source: where the rows came from, without secrets.
        calls: how many answers the card is from.
        family: one of the families, or undecided.
        bits: lead of the family over the next, in bits; at least 10 for a verdict.
        step: nats; given for family step, and where step is not excluded.
        cap: nats, for family softcap.
        sd: nats, for family noise.
        sentence: the verdict in words.
        channel: the channel as a simulator or a judge uses it.
        candidates: channels that the rows do not exclude; one of them if the family is decided.
        grid: the evidence behind the family.
        hygiene: what is wrong with the answers.
        number_format: how numbers are printed.
        repeats: how answers to one prompt vary.
        temperature: what the temperature does to the numbers.
        sampling: whether samples follow the reported probabilities.
        text_unchanged: whether asking for logprobs leaves a greedy text as it is; None if not
            measured.
        change: comparison with an earlier probe; None if there was none.
    """

    version: Literal["gaugeblock.channel/1"] = CARD_VERSION
    source: str
    calls: int
    family: Family
    bits: float
    step: float | None = None
    cap: float | None = None
    sd: float | None = None
    sentence: str
    channel: ChannelSpec
    candidates: tuple[ChannelSpec, ...]
    grid: GridVerdict
    hygiene: Hygiene
    number_format: NumberFormat
    repeats: Repeats
    temperature: Temperature
    sampling: Sampling
    text_unchanged: bool | None = None
    change: Change | None = None

    def fingerprint(self) -> str:
        """Return a hash of what was measured, whatever it was called and compared with."""
        content = self.model_dump(mode="json", exclude={"source", "change"})
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def write_card(path: Path, card: ChannelCard) -> None:
    """Write a card as JSON."""
    path.write_text(card.model_dump_json(indent=1) + "\n", "utf-8")


def read_card(path: Path) -> ChannelCard:
    """Read a card.

    Raises:
        GaugeblockError: if the file is not a channel card of this version; names the field.
    """
    try:
        return ChannelCard.model_validate_json(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise GaugeblockError(f"cannot be read ({error})", where=path) from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the file"
        raise GaugeblockError(
            f"is no channel card: {field}: {first['msg'].lower()}",
            where=path,
            remedy="Make one with: gaugeblock channel probe",
        ) from error


def card_schema() -> dict[str, Any]:
    """Return the JSON schema of a channel card."""
    return ChannelCard.model_json_schema() | {"$id": CARD_VERSION}
