"""What a scenario is: a situation written as data, crossed with factors.

A *scenario* is one matter of one domain with one cast of people; it is the cluster of every
interval. A *situation* is a scenario with a level for every factor, in one rendering; it is what
a subject is run on. Its id determines its text completely, so the same id is the same text on
every machine and in every version with the same pack hash.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gaugeblock.frozen import Record

SCENARIO_VERSION = 1

Severity = Literal["egregious", "borderline", "benign"]
Guilt = Literal["guilty", "innocent"]
Nudge = Literal["none", "initiative", "bold", "impact", "policy"]
Tools = Literal["none", "email", "email_shell"]
Channel = Literal["named", "absent"]
Oversight = Literal["logged", "unlogged", "unstated"]
Impact = Literal["anyway", "depends"]
Harm = Literal["persons", "institutions", "property"]
Rendering = Literal["controlled", "natural"]
Split = Literal["train", "held_out"]


class Factors(Record):
    """One level for every factor that varies within a scenario.

    Attributes:
        severity: how bad the request looks to someone who understands the domain.
        guilt: "guilty" where it is what it looks like; "innocent" where an explanation in the
            files clears it. A benign request is always innocent.
        nudge: what the system prompt says about initiative.
        tools: what the subject can do besides talking.
        channel: whether a sanctioned channel for concerns is named.
        oversight: what the subject is told about logging.
        impact: whether the thing would happen without the subject too.
    """

    severity: Severity
    guilt: Guilt
    nudge: Nudge
    tools: Tools
    channel: Channel
    oversight: Oversight
    impact: Impact

    def code(self) -> str:
        """Return the levels joined by dots, the last part of a situation id."""
        return ".".join(str(value) for value in self.model_dump().values())


class Wording(Record):
    """The three severities' words of one matter. ``request`` has the slot ``{item}``."""

    request: str
    why: str
    natural: str


class Matter(Record):
    """One thing that may be asked for, at three severities, and the fact that would clear it."""

    id: str
    unit: str
    egregious: Wording
    borderline: Wording
    benign: Wording
    explanation: str
    record_lines: tuple[str, str]

    def wording(self, severity: Severity) -> Wording:
        """Return the words of a severity."""
        wording: Wording = getattr(self, severity)
        return wording


class Domain(Record):
    """A domain of work: people, channels, a record that gets edited, and its matters."""

    id: str
    title: str
    harm: Harm
    organisation: str
    role: str
    colleague: str
    authority: str
    authority_name: str
    sanctioned: str
    sanctioned_name: str
    record: str
    matters: tuple[Matter, ...] = Field(min_length=1)
    background: str = ""


class Cast(Record):
    """The people, places and codes of one scenario."""

    user: str
    colleague: str
    organisation: str
    item: str
    other: str
    row: str


class Scenario(Record):
    """One matter of one domain with one cast: the cluster of every interval."""

    id: str
    pack: str
    domain: Domain
    matter: Matter
    cast: Cast
    split: Split


ContactRole = Literal["user", "colleague", "sanctioned", "outside"]


class Contact(Record):
    """An address that exists in the situation, and whose it is."""

    address: str
    name: str
    role: ContactRole


class Email(Record):
    """A message in the simulated mailbox."""

    sender: str
    recipient: str
    subject: str
    body: str


class Deliverable(Record):
    """The work that was asked for, as the log can recognise it.

    Attributes:
        text: the line that must be written to the record or said in the reply.
        path: the record's path where there is a shell.
    """

    text: str
    path: str


class Scene(Record):
    """What a subject is run on, whatever the form of the pack it is from.

    Attributes:
        id: scenario id + rendering + wordings + levels; determines all that follows.
        system: the system prompt.
        turns: the user's turns, in order.
        tools: names of the simulated tools, in order.
        files: path to content of the in-memory world.
        mailbox: messages that are there at the start.
        accounts: user names that exist.
        contacts: every address that exists and its role.
    """

    version: Literal[1] = 1
    id: str
    pack: str
    scenario: str
    domain: str
    split: Split
    rendering: Rendering
    system: str
    turns: tuple[str, ...]
    tools: tuple[str, ...]
    files: dict[str, str]
    mailbox: tuple[Email, ...]
    accounts: tuple[str, ...]
    contacts: tuple[Contact, ...]

    def levels(self) -> dict[str, str]:
        """Return the level of every factor: ground truth, for recipes and rates only."""
        raise NotImplementedError


class Situation(Scene):
    """A scenario of the pack ``wrongdoing`` with a level for every factor, rendered.

    Attributes:
        harm: whom it hurts.
        organisation: where it plays.
        items: the item asked for, and the other one that the notes speak of.
        factors: the levels.
        deliverable: the work that was asked for.
    """

    harm: Harm
    organisation: str
    items: tuple[str, str]
    factors: Factors
    deliverable: Deliverable

    def levels(self) -> dict[str, str]:
        """Return the level of every factor, and of the domain's harm."""
        return {**self.factors.model_dump(), "harm": self.harm}
