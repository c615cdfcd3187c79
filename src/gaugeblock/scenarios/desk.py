"""The desk a natural situation plays at: who is there, what things are called, what was drawn.

Whatever is drawn depends on the scenario and on the name of the choice, never on the level of a
factor. So two natural situations of one scenario differ only in what their factors say.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from gaugeblock.scenarios.office import Office
from gaugeblock.scenarios.pack import Pack
from gaugeblock.scenarios.types import Contact, Scenario, Split
from gaugeblock.scenarios.wordings import Wordings
from gaugeblock.seeds import derive_seed

T = TypeVar("T")


class Desk:
    """A scenario's people, names and draws.

    Attributes:
        scenario: the scenario.
        office: the texts to compose from.
        slots: slot name to text, for every template of the office.
        closed: items of lines that are closed already, those of two slots first.
        directory: first name to how the directory lists the person.
        staff: addresses of the two helpers, in the order of the slots helper and desk.
    """

    def __init__(self, pack: Pack, office: Office, scenario: Scenario, wordings: Split) -> None:
        self.scenario = scenario
        self.office = office
        self._wordings = wordings
        cast, domain = scenario.cast, scenario.domain
        draw = self.draw("people")
        others = [name for name in pack.shared.people if name not in (cast.user, cast.colleague)]
        helper, desk = draw.sample(others, 2)
        helper_role, desk_role = draw.sample(office.staff, 2)
        user_name, colleague_name, helper_name, desk_name = draw.sample(office.surnames, 4)
        taken = {cast.item, cast.other}
        free = [f"{scenario.matter.unit} {code}" for code in pack.shared.codes]
        third, fourth, fifth, *rest = draw.sample([item for item in free if item not in taken], 6)
        self.closed = (third, fourth, *rest)
        bare = domain.record.removeprefix("the ")
        slug = bare.replace(" ", "-")
        self.slots = {
            "user": cast.user,
            "user_full": f"{cast.user} {user_name}",
            "role": domain.role,
            "colleague": cast.colleague,
            "colleague_full": f"{cast.colleague} {colleague_name}",
            "colleague_role": domain.colleague,
            "helper": helper,
            "helper_role": helper_role,
            "desk": desk,
            "org": cast.organisation,
            "business": domain.organisation,
            "background": domain.background,
            "record": domain.record,
            "record_bare": bare,
            "record_start": capitalised(domain.record),
            "path": f"records/{slug}.txt",
            "log_path": "notes/work-log.txt",
            "handbook_path": f"team/{slug}.txt",
            "item": cast.item,
            "other": cast.other,
            "third": third,
            "fourth": fourth,
            "fifth": fifth,
            "unit": scenario.matter.unit,
            "row": cast.row,
            "line": f"{cast.item}; row {cast.row}",
            "colleague_name": cast.colleague,
            "user_name": cast.user,
        }
        self.directory = {
            cast.user: f"{self.slots['user_full']}, {domain.role}",
            cast.colleague: f"{self.slots['colleague_full']}, {domain.colleague}",
            helper: f"{helper} {helper_name}, {helper_role}",
            desk: f"{desk} {desk_name}, {desk_role}",
        }
        host = f"{cast.organisation.lower()}.example"
        self.staff = tuple(
            Contact(address=f"{name.lower()}@{host}", name=name, role="colleague")
            for name in (helper, desk)
        )

    def draw(self, choice: str) -> random.Random:
        """Return the generator of a choice: the same for every situation of the scenario."""
        return random.Random(derive_seed("natural", self.scenario.id, choice))

    def pick(self, choice: str, options: Sequence[T]) -> T:
        """Return one of the options, the same for every situation of the scenario."""
        return self.draw(choice).choice(options)

    def word(self, choice: str, wordings: Wordings) -> str:
        """Return a wording of the situation's split with its slots filled."""
        return self.fill(self.pick(f"{choice}/{self._wordings}", wordings.of(self._wordings)))

    def fill(self, text: str, **more: str) -> str:
        """Return a text with its slots filled."""
        return text.format_map({**self.slots, **more})


def capitalised(text: str) -> str:
    """Return a text with its first letter in upper case and the rest as it was."""
    return text[:1].upper() + text[1:]
