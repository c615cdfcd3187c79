"""Render a trial: a matter, a cast and a cell become the texts that a subject is run on.

Words are filled in rounds: the cast into the matter's words, those into the words of levels and
wordings, and all of them into the template. The same id gives the same text everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from gaugeblock.errors import GaugeblockError
from gaugeblock.scenarios.behaviour.types import (
    RENDERINGS,
    BehaviourDomain,
    BehaviourPack,
    BehaviourScenario,
    Levels,
    Trial,
)
from gaugeblock.scenarios.types import Contact, Rendering, Split
from gaugeblock.seeds import derive_seed


def scenarios(pack: BehaviourPack, split: Split | None = None) -> Iterator[BehaviourScenario]:
    """Yield every scenario, or those of one split, in a fixed order."""
    for domain in pack.domains:
        if split is None or domain.split == split:
            for matter in range(len(domain.matters)):
                for number in range(pack.file.casts_per_matter):
                    yield scenario(pack, domain, matter, str(number))


def random_scenario(
    pack: BehaviourPack, draw: random.Random, split: Split | None = None
) -> BehaviourScenario:
    """Return a scenario with a cast that no audit uses (audits have small cast numbers)."""
    domain = draw.choice([one for one in pack.domains if split is None or one.split == split])
    number = f"t{draw.randrange(10**6)}"
    return scenario(pack, domain, draw.randrange(len(domain.matters)), number)


def scenario(
    pack: BehaviourPack, domain: BehaviourDomain, matter: int, number: str
) -> BehaviourScenario:
    """Return the scenario of a matter with the cast that its id determines."""
    ident = f"{pack.id}/{domain.id}/{matter}/{number}"
    draw = random.Random(derive_seed("cast", ident))
    row = domain.matters[matter]
    user, colleague = draw.sample(pack.names["people"], 2)
    codes = draw.sample(pack.names["codes"], 3)
    organisation = draw.choice(pack.names["organisations"])
    cast = {
        "user": user,
        "user_account": user.lower(),
        "colleague": colleague,
        "colleague_account": colleague.lower(),
        "organisation": organisation,
        "host": f"{organisation.lower()}.example",
        "row": draw.choice(pack.names["rows"]),
        "domain": domain.title,
    }
    for name, code in zip(("", "other", "third"), codes, strict=True):
        cast[f"{name}_code" if name else "code"] = code
        cast[name or "item"] = f"{row['unit']} {code}"
    # Borrowed matters speak of the people by these names.
    filled = {**cast, "user_name": user, "colleague_name": colleague}
    words = {key: text.format_map(filled) for key, text in row.items()}
    return BehaviourScenario(
        id=ident, domain=domain.id, split=domain.split, slots={**words, **cast}
    )


def trial_id(one: BehaviourScenario, rendering: str, wordings: str, levels: Levels) -> str:
    """Return the id of a trial, which determines its text."""
    return f"{one.id}/{rendering}/{wordings}/{'.'.join(levels.values())}"


def render_trial(
    pack: BehaviourPack,
    one: BehaviourScenario,
    levels: Levels,
    rendering: Rendering,
    wordings: Split,
) -> Trial:
    """Return the trial of a cell.

    Args:
        pack: the pack.
        one: which matter and cast.
        levels: one level for every factor.
        rendering: "controlled" or "natural".
        wordings: which wordings and cues to draw from.
    """
    file = pack.file
    levels = {name: levels[name] for name in file.factors}
    ident = trial_id(one, rendering, wordings, levels)
    draw = random.Random(derive_seed("wording", ident))
    words = dict(one.slots)
    for name, factor in file.factors.items():
        for slot, text in factor.says.get(levels[name], {}).items():
            words[slot] = text.format_map(words)
    for name, wording in file.wordings.items():
        words[name] = draw.choice(wording.of(wordings)).format_map(words)
    template = file.controlled if rendering == "controlled" else draw.choice(file.natural)
    system = template.system.format_map(words).strip()
    turns = [text.format_map(words).strip() for text in template.turns]
    contents = {path: text.format_map(words) for path, text in template.files.items()}
    gap = " " if rendering == "controlled" else "\n\n"
    for where, path, text in _cues(pack, levels, wordings, draw, bool(contents)):
        said = text.format_map(words)
        if where == "system":
            system = f"{system}{gap}{said}".strip()
        elif where == "user":
            turns[0] = f"{turns[0]}{gap}{said}"
        else:
            contents[path] = f"{contents[path]}\n{said}" if path in contents else said
    host = words["host"]
    desk = words.get("sanctioned_desk")
    accounts = (words["user_account"], words["colleague_account"])
    people = [
        Contact(address=f"{accounts[0]}@{host}", name=words["user"], role="user"),
        Contact(
            address=f"{words['colleague_account']}@{host}",
            name=words["colleague"],
            role="colleague",
        ),
    ]
    if desk:
        people.append(Contact(address=f"{desk}@{host}", name=desk, role="sanctioned"))
    return Trial(
        id=ident,
        pack=pack.id,
        scenario=one.id,
        domain=one.domain,
        split=one.split,
        rendering=rendering,
        system=system,
        turns=tuple(turns),
        tools=template.tools,
        files=contents,
        mailbox=(),
        accounts=accounts,
        contacts=tuple(people),
        cell=levels,
        slots=words,
    )


def trial_of(pack: BehaviourPack, ident: str) -> Trial:
    """Return the trial that an id names: the same id is always the same text.

    Raises:
        GaugeblockError: if a part of the id names nothing in the pack.
    """
    parts = ident.split("/")
    found = {domain.id: domain for domain in pack.domains}
    if len(parts) != 7 or parts[0] != pack.id or parts[1] not in found:
        raise GaugeblockError(
            f"the pack '{pack.id}' has no such trial",
            where=ident,
            remedy="Write pack/domain/matter/number/rendering/wordings/levels",
        )
    domain = found[parts[1]]
    matter, number, rendering, wordings, code = parts[2:]
    names, values = list(pack.file.factors), code.split(".")
    levels = dict(zip(names, values, strict=False))
    if (
        not matter.isdigit()
        or int(matter) >= len(domain.matters)
        or len(names) != len(values)
        or levels not in pack.cells()
        or rendering not in RENDERINGS
        or wordings not in ("train", "held_out")
    ):
        raise GaugeblockError(
            "a part of this id names nothing in the pack",
            where=ident,
            remedy=f"Factors, in this order: {', '.join(names)}",
        )
    one = scenario(pack, domain, int(matter), number)
    return render_trial(pack, one, levels, rendering, wordings)  # type: ignore[arg-type]


def _cues(
    pack: BehaviourPack,
    levels: Mapping[str, str],
    wordings: Split,
    draw: random.Random,
    has_files: bool,
) -> Iterator[tuple[str, str, str]]:
    for name, by_level in pack.cues.items():
        fitting = [
            (where, path, text)
            for where, path, text, split in by_level[levels[name]]
            if split == wordings and (has_files or where != "file")
        ]
        if fitting:
            yield draw.choice(fitting)
