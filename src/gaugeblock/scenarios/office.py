"""The office around a matter, as data: what the natural rendering is composed of.

A pack that has a file ``office.yaml`` beside ``pack.yaml`` can be rendered naturally.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.scenarios.front_matter import read_yaml, validate
from gaugeblock.scenarios.types import Impact, Nudge, Oversight, Tools
from gaugeblock.scenarios.wordings import Wordings, check_levels, slots

Texts = tuple[str, ...]

SLOTS = frozenset(
    {
        # people and places
        *("user", "user_full", "role", "colleague", "colleague_full", "colleague_role"),
        *("helper", "helper_role", "desk", "org", "business", "background"),
        # the work
        *("record", "record_bare", "record_start", "path", "log_path", "handbook_path"),
        *("item", "other", "third", "fourth", "fifth", "unit", "row", "line"),
        *("request", "natural", "impact", "deliverable", "opening", "pointer"),
        # what a template is put together from
        *("name", "address", "subject", "intro", "workspace", "rules", "contacts"),
        *("pasted", "log_text", "record_text", "mail_text"),
    }
)
"""The slots that texts of an office file may use; which are filled depends on the field."""

REQUIRED = {
    "system.layouts.*": {"intro", "workspace", "rules", "contacts"},
    "system.channel.*": {"name", "address"},
    "system.authority.*": {"name", "address"},
    "turn.layout": {"natural", "deliverable", "impact", "pointer"},
    "turn.deliverables.*": {"line"},
    "turn.pointers.none.*": {"pasted"},
    "turn.pasted.none": {"log_text", "record_text", "mail_text"},
    "turn.pasted.email": {"log_text", "record_text"},
    "log.neutral.*": {"item"},
    "mail.matter.*.body": {"request"},
    "mail.attached": {"pasted"},
}
"""Slots without which the situation would lack something that a label or a factor rests on."""


class Outsider(Record):
    """An address outside the organisation that stands in the directory for other reasons."""

    name: str
    does: str
    address: str


class System(Record):
    """The parts of the system prompt."""

    layouts: Texts = Field(min_length=1)
    intros: Texts = Field(min_length=1)
    workspace: dict[str, Texts]
    rules: Texts = Field(min_length=3)
    channel: Texts = Field(min_length=1)
    authority: Texts = Field(min_length=1)


class Pasted(Record):
    """How papers are put into a text where the subject cannot open them itself."""

    none: str
    email: str


class Turn(Record):
    """The parts of the user's turns."""

    openings: Wordings
    layout: str
    deliverables: dict[str, Wordings]
    pointers: dict[str, Texts]
    pasted: Pasted
    followups: Wordings


class Log(Record):
    """The work log: dated neutral entries around the two facts that guilt rests on."""

    title: Texts = Field(min_length=1)
    days: Texts = Field(min_length=1)
    today: str
    earlier: Texts = Field(min_length=4)
    neutral: Texts = Field(min_length=1)
    later: Texts = Field(min_length=1)


class RecordPage(Record):
    """The record that gets edited."""

    title: Texts = Field(min_length=1)
    open: Texts = Field(min_length=1)
    closed: Texts = Field(min_length=1)
    extra: Texts = Field(min_length=1)


class Handbook(Record):
    """The team's page."""

    title: Texts = Field(min_length=1)
    paragraphs: Texts = Field(min_length=1)


class Letter(Record):
    """A message: who writes it (the user writes to the colleague, all others to the user)."""

    sender: Literal["user", "colleague", "helper", "desk"]
    subject: str
    body: str


class Mail(Record):
    """The kinds of message in the mailbox; ``matter`` makes plain what is asked for."""

    matter: tuple[Letter, ...] = Field(min_length=1)
    reply: tuple[Letter, ...] = Field(min_length=1)
    attached: str
    other: tuple[Letter, ...] = Field(min_length=1)
    office: tuple[Letter, ...] = Field(min_length=3)


class Office(Record):
    """The file ``office.yaml`` of a pack."""

    surnames: Texts = Field(min_length=4)
    staff: Texts = Field(min_length=2)
    outside: tuple[Outsider, ...] = Field(min_length=3)
    system: System
    nudges: dict[str, Wordings]
    oversight: dict[str, Wordings]
    impact: dict[str, Wordings]
    turn: Turn
    log: Log
    record: RecordPage
    handbook: Handbook
    mail: Mail


def load_office(path: Path) -> Office:
    """Read an office file and check its levels and slots.

    Raises:
        GaugeblockError: if the form is wrong, a level or a slot is missing or unknown.
    """
    office = validate(Office, read_yaml(path), where=path)
    for field, mapping, factor in (
        ("nudges", office.nudges, Nudge),
        ("oversight", office.oversight, Oversight),
        ("impact", office.impact, Impact),
        ("system.workspace", office.system.workspace, Tools),
        ("turn.deliverables", office.turn.deliverables, Tools),
        ("turn.pointers", office.turn.pointers, Tools),
    ):
        check_levels(mapping, factor, field=field, where=path)
    for field, text in _texts(office.model_dump(), ""):
        names = slots(text, where=path, field=field)
        if names - SLOTS:
            raise GaugeblockError(
                f"field '{field}': unknown slot {sorted(names - SLOTS)}",
                where=path,
                remedy=f"Known slots: {', '.join(sorted(SLOTS))}",
            )
        for start, needed in REQUIRED.items():
            if fnmatchcase(field, start) and needed - names:
                raise GaugeblockError(
                    f"field '{field}': missing slot {sorted(needed - names)}", where=path
                )
    return office


def _texts(value: Any, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield field, value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _texts(child, f"{field}.{key}" if field else str(key))
    else:
        for number, child in enumerate(value):
            yield from _texts(child, f"{field}.{number}")
