"""Load a behaviour pack: its file, its cue files, and the domains it takes from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import get_args

from gaugeblock.errors import GaugeblockError
from gaugeblock.scenarios.behaviour.types import (
    BehaviourDomain,
    BehaviourPack,
    Condition,
    CueText,
    PackFile,
    Template,
)
from gaugeblock.scenarios.cues import CueFile, load_cues
from gaugeblock.scenarios.front_matter import read_yaml, validate
from gaugeblock.scenarios.pack import Pack, load_pack
from gaugeblock.scenarios.types import Split
from gaugeblock.scenarios.wordings import slots

NAMES_FROM = "wrongdoing"
"""The pack whose people, organisations, codes and rows all packs share: the tiny models know them
as whole tokens."""

CAST_SLOTS = frozenset(
    {"user", "colleague", "organisation", "item", "other", "third", "row", "domain"}
    | {"code", "other_code", "third_code", "user_account", "colleague_account", "host"}
)


def behaviour_packs_folder() -> Path:
    """Return the folder of the shipped behaviour packs."""
    return Path(str(files("gaugeblock.scenarios") / "behaviour_packs"))


def behaviour_pack_names() -> tuple[str, ...]:
    """Return the names of the shipped behaviour packs, sorted."""
    return tuple(sorted(path.stem for path in behaviour_packs_folder().glob("*.yaml")))


def is_behaviour_pack(name: str | Path) -> bool:
    """Return whether a pack's name or path is one of this form."""
    return str(name) in behaviour_pack_names() or Path(name).suffix == ".yaml"


@lru_cache(maxsize=32)
def load_behaviour_pack(name: str | Path) -> BehaviourPack:
    """Load a shipped behaviour pack by name, or any by the path of its YAML file.

    Raises:
        GaugeblockError: if it does not exist, is not of the form, names a level or slot that does
            not exist, or has no domain in one of the splits.
    """
    path = Path(name)
    if path.suffix != ".yaml":
        path = behaviour_packs_folder() / f"{name}.yaml"
    if not path.is_file():
        raise GaugeblockError(
            "there is no such behaviour pack",
            where=name,
            remedy=f"Shipped: {', '.join(behaviour_pack_names())}",
        )
    file = validate(PackFile, read_yaml(path), where=path)
    shared = load_pack(NAMES_FROM).shared
    digest = hashlib.sha256(path.read_bytes())
    domains = file.domains
    if file.domains_from is not None:
        source = load_pack(file.domains_from)
        domains = tuple(_borrowed(source))
        digest.update(source.sha256.encode())
    cues: dict[str, dict[str, tuple[CueText, ...]]] = {}
    for factor, spec in file.factors.items():
        if spec.cues is not None:
            found = load_cues(spec.cues)
            digest.update(found.model_dump_json().encode())
            cues[factor] = _levels(found, spec.levels, where=path, field=f"factors.{factor}")
    pack = BehaviourPack(
        file=file,
        domains=domains,
        names={
            "people": shared.people,
            "organisations": shared.organisations,
            "codes": shared.codes,
            "rows": shared.rows,
        },
        cues=cues,
        sha256=digest.hexdigest(),
    )
    _check(pack, path)
    return pack


def _borrowed(source: Pack) -> Iterator[BehaviourDomain]:
    """The domains of a pack of the other form, each matter's wordings as slots."""
    for domain in source.domains:
        matters = []
        for matter in domain.matters:
            row = {"unit": matter.unit, "sanctioned_desk": domain.sanctioned}
            for level, short in (("egregious", "bad"), ("borderline", "grey"), ("benign", "good")):
                wording = matter.wording(level)  # type: ignore[arg-type]
                row[f"{short}_request"] = wording.request
                row[f"{short}_why"] = wording.why.rstrip(".")
                row[f"{short}_natural"] = wording.natural
            matters.append(row)
        yield BehaviourDomain(
            id=domain.id,
            title=domain.title,
            split=source.split_of(domain),
            matters=tuple(matters),
        )


def _levels(
    found: CueFile, levels: tuple[str, ...], *, where: Path, field: str
) -> dict[str, tuple[CueText, ...]]:
    kinds = {cue.kind for cue in found.cues}
    if not kinds & set(levels):
        raise GaugeblockError(
            f"field '{field}': no level is a kind of the cue file '{found.id}'",
            where=where,
            remedy=f"Kinds: {', '.join(sorted(kinds))}",
        )
    for level in set(levels) & kinds:
        for split in get_args(Split):
            if not found.of(level, split):
                raise GaugeblockError(
                    f"field '{field}': the cue file '{found.id}' has no {split} cue of kind "
                    f"'{level}'",
                    where=where,
                )
    return {
        level: tuple((cue.where, cue.path, cue.text, cue.split) for cue in found.of(level))
        for level in levels
    }


def _check(pack: BehaviourPack, path: Path) -> None:
    splits = {domain.split for domain in pack.domains}
    if splits != {"train", "held_out"}:
        raise GaugeblockError("domains of both splits are needed", where=path)
    common = set.intersection(*(set(row) for one in pack.domains for row in one.matters))
    if "unit" not in common:
        raise GaugeblockError("field 'domains': every matter needs 'unit'", where=path)
    for condition in (
        *pack.file.measure.hit,
        *pack.file.measure.read,
        *(one for found in pack.file.measure.signs.values() for one in found),
    ):
        for name, levels in condition.when.items():
            known_levels = pack.file.factors[name].levels if name in pack.file.factors else ()
            if not set(levels) <= set(known_levels):
                raise GaugeblockError(
                    f"field 'measure': 'when' names {name}={list(levels)}, which is no level",
                    where=path,
                )
    known = CAST_SLOTS | common | set(pack.file.wordings)
    for factor in pack.file.factors.values():
        for row in factor.says.values():
            known |= set(row)
    for field, text in _texts(pack):
        unknown = slots(text, field=field, where=path) - known
        if unknown:
            raise GaugeblockError(
                f"field '{field}': unknown slot {sorted(unknown)}",
                where=path,
                remedy=f"Known slots: {', '.join(sorted(known))}",
            )


def _texts(pack: BehaviourPack) -> Iterator[tuple[str, str]]:
    file = pack.file
    templates: list[tuple[str, Template]] = [("controlled", file.controlled)]
    templates += [(f"natural.{number}", one) for number, one in enumerate(file.natural)]
    for name, template in templates:
        yield f"{name}.system", template.system
        yield from ((f"{name}.turns.{n}", text) for n, text in enumerate(template.turns))
        yield from ((f"{name}.files.{key}", text) for key, text in template.files.items())
    for name, wordings in file.wordings.items():
        for text in (*wordings.train, *wordings.held_out):
            yield f"wordings.{name}", text
    for name, factor in file.factors.items():
        for level, row in factor.says.items():
            yield from ((f"factors.{name}.says.{level}.{key}", text) for key, text in row.items())
        for cues in pack.cues.get(name, {}).values():
            yield from ((f"cues of {name}", text) for _, _, text, _ in cues)
    groups: list[tuple[str, tuple[Condition, ...]]] = [
        ("measure.hit", file.measure.hit),
        ("measure.read", file.measure.read),
        *((f"measure.signs.{name}", found) for name, found in file.measure.signs.items()),
    ]
    for name, conditions in groups:
        for condition in conditions:
            for text in (
                *condition.says,
                *condition.lacks,
                *condition.thinks,
                *condition.holds,
                *condition.mailed,
                *condition.written,
            ):
                yield name, text
