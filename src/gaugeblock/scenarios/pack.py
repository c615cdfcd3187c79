"""Load a pack: its domains and shared wordings, and compose them into scenarios."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import get_args

from pydantic import Field

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.scenarios.front_matter import (
    read_text,
    read_yaml,
    split_front_matter,
    validate,
)
from gaugeblock.scenarios.office import Office, load_office
from gaugeblock.scenarios.types import (
    Cast,
    Domain,
    Impact,
    Matter,
    Nudge,
    Oversight,
    Scenario,
    Split,
)
from gaugeblock.scenarios.wordings import Wordings, check_levels, slots
from gaugeblock.seeds import derive_seed

SLOTS = frozenset({"item", "other", "colleague_name", "user_name"})
"""The slots a domain file may use."""


class PackFile(Record):
    """The shared file of a pack, ``pack.yaml``; the least lengths are what a situation draws."""

    id: str
    version: int
    title: str
    casts_per_matter: int = Field(ge=1)
    held_out_domains: frozenset[str]
    people: tuple[str, ...] = Field(min_length=4)
    organisations: tuple[str, ...] = Field(min_length=1)
    codes: tuple[str, ...] = Field(min_length=8)
    rows: tuple[str, ...] = Field(min_length=6)
    nudges: dict[str, Wordings]
    oversight: dict[str, Wordings]
    impact: dict[str, Wordings]
    frames: Wordings
    followups: Wordings


class Pack(Record):
    """A loaded pack: shared wordings, domains, and the hash of every file it was read from.

    ``office`` is what the natural rendering needs; None where the pack has no ``office.yaml``.
    """

    shared: PackFile
    domains: tuple[Domain, ...]
    sha256: str
    office: Office | None = None

    def split_of(self, domain: Domain) -> Split:
        """Return whether behaviour may be trained on a domain."""
        return "held_out" if domain.id in self.shared.held_out_domains else "train"

    def scenarios(self, split: Split | None = None) -> tuple[Scenario, ...]:
        """Return every scenario, or those of one split, in a fixed order."""
        return tuple(
            self.scenario(domain, matter, str(number))
            for domain in self.domains
            if split is None or self.split_of(domain) == split
            for matter in domain.matters
            for number in range(self.shared.casts_per_matter)
        )

    def find(self, pack: str, domain: str, matter: str, number: str) -> Scenario | None:
        """Return the scenario whose id has the given parts, None if there is none."""
        if pack != self.shared.id or number not in map(str, range(self.shared.casts_per_matter)):
            return None
        for home in self.domains:
            for one in home.matters:
                if (home.id, one.id) == (domain, matter):
                    return self.scenario(home, one, number)
        return None

    def scenario(self, domain: Domain, matter: Matter, number: str) -> Scenario:
        """Return the scenario of a matter with the cast that its id determines."""
        ident = f"{self.shared.id}/{domain.id}/{matter.id}/{number}"
        return Scenario(
            id=ident,
            pack=self.shared.id,
            domain=domain,
            matter=matter,
            cast=self._cast(matter, ident),
            split=self.split_of(domain),
        )

    def _cast(self, matter: Matter, ident: str) -> Cast:
        draw = random.Random(derive_seed("cast", ident))
        user, colleague = draw.sample(self.shared.people, 2)
        item, other = draw.sample(self.shared.codes, 2)
        return Cast(
            user=user,
            colleague=colleague,
            organisation=draw.choice(self.shared.organisations),
            item=f"{matter.unit} {item}",
            other=f"{matter.unit} {other}",
            row=draw.choice(self.shared.rows),
        )


def packs_folder() -> Path:
    """Return the folder of the shipped packs."""
    return Path(str(files("gaugeblock.scenarios") / "packs"))


@lru_cache(maxsize=8)
def load_pack(name: str | Path) -> Pack:
    """Load a shipped pack by name, or any pack by the path of its folder.

    Raises:
        GaugeblockError: if it does not exist, or a file in it is not of the form.
    """
    folder = Path(name)
    if not folder.is_dir():
        folder = packs_folder() / str(name)
    if not folder.is_dir():
        known = ", ".join(sorted(path.name for path in packs_folder().iterdir()))
        raise GaugeblockError(
            "there is no such scenario pack", where=name, remedy=f"Shipped packs: {known}"
        )
    shared = _load_shared(folder / "pack.yaml")
    paths = sorted((folder / "domains").glob("*.md"))
    if not paths:
        raise GaugeblockError("the pack has no domains", where=folder / "domains")
    domains = tuple(load_domain(path) for path in paths)
    unknown = shared.held_out_domains - {domain.id for domain in domains}
    if unknown:
        raise GaugeblockError(
            f"field 'held_out_domains' names domains that do not exist: {sorted(unknown)}",
            where=folder / "pack.yaml",
        )
    office = folder / "office.yaml"
    read = [folder / "pack.yaml", *([office] if office.exists() else []), *paths]
    digest = hashlib.sha256()
    for path in read:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return Pack(
        shared=shared,
        domains=domains,
        sha256=digest.hexdigest(),
        office=load_office(office) if office in read else None,
    )


def _load_shared(path: Path) -> PackFile:
    shared = validate(PackFile, read_yaml(path), where=path)
    for field, factor in (("nudges", Nudge), ("oversight", Oversight), ("impact", Impact)):
        check_levels(getattr(shared, field), factor, field=field, where=path)
    for split in get_args(Split):
        for text in shared.frames.of(split):
            if not _known_slots(text, {"request"}, field=f"frames.{split}", where=path):
                raise GaugeblockError(
                    f"field 'frames.{split}': the slot {{request}} is missing", where=path
                )
        for level, wordings in shared.impact.items():
            for text in wordings.of(split):
                _known_slots(text, {"colleague"}, field=f"impact.{level}.{split}", where=path)
    return shared


def _known_slots(text: str, known: Collection[str], *, field: str, where: Path | str) -> set[str]:
    found = slots(text, field=field, where=where)
    unknown = found - set(known)
    if unknown:
        raise GaugeblockError(
            f"field '{field}': unknown slot {sorted(unknown)}",
            where=where,
            remedy=f"Known slots: {sorted(known)}",
        )
    return found


def load_domain(path: Path) -> Domain:
    """Read one domain file and check its slots.

    Raises:
        GaugeblockError: if the form is wrong, a slot is unknown, or ``{item}`` is missing.
    """
    head, body = split_front_matter(read_text(path), where=path)
    domain = validate(Domain, {**head, "background": body}, where=path)
    if domain.id != path.stem:
        raise GaugeblockError(f"field 'id' is '{domain.id}', not the file's name", where=path)
    for matter in domain.matters:
        _check_matter(matter, path)
    return domain


def _check_matter(matter: Matter, path: Path) -> None:
    must_name_item = {"explanation": matter.explanation}
    others: dict[str, str] = {}
    for severity in ("egregious", "borderline", "benign"):
        wording = matter.wording(severity)
        must_name_item[f"{severity}.request"] = wording.request
        others[f"{severity}.natural"] = wording.natural
    for number, line in enumerate(matter.record_lines):
        others[f"record_lines.{number}"] = line
    for field, text in {**must_name_item, **others}.items():
        name = f"matters.{matter.id}.{field}"
        known = frozenset({"item"}) if field in must_name_item else SLOTS
        found = _known_slots(text, known, field=name, where=path)
        if field in must_name_item and "item" not in found:
            raise GaugeblockError(f"field '{name}': the slot {{item}} is missing", where=path)
