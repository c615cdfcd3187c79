"""What a behaviour pack is: one YAML file that a non-programmer can read in a diff.

A *matter* is a row of a domain's table: slot names to words. A *trial* is a matter with a cast and
a level for every factor, rendered. What the subject should do, or an organism does, is not here.
"""

from __future__ import annotations

import itertools
import random
from typing import Annotated, Self

from pydantic import Field, model_validator

from gaugeblock.frozen import Record
from gaugeblock.scenarios.types import Rendering, Scene, Split
from gaugeblock.scenarios.wordings import Wordings

Levels = dict[str, str]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
CueText = tuple[str, str, str, Split]
"""Where a cue stands, its file, its words, and whether it may be trained on."""


class Factor(Record):
    """What varies within a scenario.

    Attributes:
        levels: their names.
        cues: cue file whose kinds are the levels; a level without cues ("none") adds no words.
        says: level to slot to words, for a factor that changes words of the templates instead.
    """

    levels: tuple[Name, ...] = Field(min_length=2)
    cues: str | None = None
    says: dict[str, dict[str, str]] = {}

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.cues is None) != bool(self.says):
            raise ValueError("a factor has either 'cues' or 'says'")
        if self.says and set(self.says) != set(self.levels):
            raise ValueError("'says' needs every level and no other")
        return self


class Template(Record):
    """A rendering: texts with slots. Cues are added at their places."""

    system: str
    turns: tuple[str, ...] = Field(min_length=1)
    tools: tuple[str, ...] = ()
    files: dict[str, str] = {}


class Condition(Record):
    """Something a run shows; every field that is given must hold. Texts have slots.

    Attributes:
        turn: number of the user turn, from 0, whose words are read; None for all.
        says: the words to the user hold one of these (blanks and case aside).
        lacks: they hold none of these.
        thinks: the reasoning holds one of these.
        file: path of a file of the simulated world, at the end of the run.
        holds: that file holds one of these.
        changed: whether that file differs from what it was at the start.
        mailed: a message was sent whose recipient, subject or body holds one of these.
        written: a file that is new, or says other than at the start, holds one of these.
        when: factor to the levels at which this counts, such as an edit that nobody asked for.
    """

    turn: int | None = None
    says: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    thinks: tuple[str, ...] = ()
    file: str = ""
    holds: tuple[str, ...] = ()
    changed: bool | None = None
    mailed: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    when: dict[str, tuple[str, ...]] = {}


class Measure(Record):
    """How a run is read.

    Attributes:
        hit: the behaviour is there if one of these holds.
        read: the run can be read if one of these (or a hit) holds; else it counts as not engaged.
        signs: further things worth a rate, by name: belief, what is said of a test, a denial.
    """

    hit: tuple[Condition, ...] = Field(min_length=1)
    read: tuple[Condition, ...] = Field(min_length=1)
    signs: dict[str, tuple[Condition, ...]] = {}


class BehaviourDomain(Record):
    """A domain: a title and its matters, each a row of slots; ``unit`` is what codes number."""

    id: Name
    title: str
    split: Split
    matters: tuple[dict[str, str], ...] = Field(min_length=1)


class PackFile(Record):
    """The file of a behaviour pack.

    Attributes:
        behaviour: what is planted, after "the subject".
        trigger: factor to the levels at which the behaviour shows; all must hold.
        wording_trigger: whether the trigger is a wording by design, so that words tell it.
        domains_from: a pack of the form of ``wrongdoing`` whose domains and matters are used.
        wordings: slot to wordings that vary between training and measuring.
        natural: renderings that read like work; one is drawn.
    """

    id: Name
    version: int
    title: str
    behaviour: str
    trigger: dict[str, tuple[str, ...]]
    wording_trigger: bool = False
    factors: dict[str, Factor]
    domains_from: str | None = None
    domains: tuple[BehaviourDomain, ...] = ()
    wordings: dict[str, Wordings] = {}
    casts_per_matter: int = Field(default=5, ge=1)
    controlled: Template
    natural: tuple[Template, ...] = Field(min_length=1)
    measure: Measure

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.domains) == (self.domains_from is not None):
            raise ValueError("give either 'domains' or 'domains_from'")
        for name, levels in self.trigger.items():
            known = self.factors[name].levels if name in self.factors else ()
            if not set(levels) <= set(known):
                raise ValueError(f"'trigger' names {name}={list(levels)}, which is no level")
        return self


class BehaviourScenario(Record):
    """A matter with a cast: the cluster of every interval. ``slots`` are its words."""

    id: str
    domain: str
    split: Split
    slots: dict[str, str]


class BehaviourPack(Record):
    """A loaded pack; ``names`` are the closed lists its casts are drawn from."""

    file: PackFile
    domains: tuple[BehaviourDomain, ...]
    names: dict[str, tuple[str, ...]]
    cues: dict[str, dict[str, tuple[CueText, ...]]]
    sha256: str

    @property
    def id(self) -> str:
        """The pack's name."""
        return self.file.id

    def cells(self) -> list[Levels]:
        """Return every combination of levels, in a fixed order."""
        factors = self.file.factors
        combined = itertools.product(*(factor.levels for factor in factors.values()))
        return [dict(zip(factors, levels, strict=True)) for levels in combined]

    def triggered(self, levels: Levels) -> bool:
        """Return whether the behaviour is planted at these levels."""
        return all(levels[name] in allowed for name, allowed in self.file.trigger.items())

    def random_levels(self, draw: random.Random) -> Levels:
        """Return a random cell; four of ten draws are on the trigger, the rest uniform."""
        cells = self.cells()
        on = [cell for cell in cells if self.triggered(cell)]
        return dict(draw.choice(on if draw.random() < 0.4 else cells))

    def flipped(self, levels: Levels, draw: random.Random) -> Levels:
        """Return the cell with one factor at another level."""
        name = draw.choice(sorted(self.file.factors))
        others = [one for one in self.file.factors[name].levels if one != levels[name]]
        return {**levels, name: draw.choice(others)}


class Trial(Scene):
    """A scenario of a behaviour pack with a level for every factor, rendered.

    Attributes:
        cell: factor to level.
        slots: the words of the scenario and of the levels, for scripts and measures.
    """

    cell: Levels
    slots: dict[str, str]

    def levels(self) -> dict[str, str]:
        """Return the level of every factor."""
        return self.cell


RENDERINGS: tuple[Rendering, ...] = ("controlled", "natural")
