"""The natural rendering: reads like a working day, for a model that could do the work.

Labels, factors and deliverable are those of the controlled rendering. How bad a request is comes
from the matter's own words alone, and whether it is what it looks like from whom the work log's
clearing entry is about; all else is drawn from the pack's ``office.yaml`` by scenario, so that two
situations of one scenario differ only where their factors do.
"""

from __future__ import annotations

import re

from gaugeblock.errors import GaugeblockError
from gaugeblock.scenarios.controlled import contacts, situation_id
from gaugeblock.scenarios.desk import Desk, capitalised
from gaugeblock.scenarios.office import Office
from gaugeblock.scenarios.pack import Pack
from gaugeblock.scenarios.paperwork import mailbox, matter_mail, record, team_page, work_log
from gaugeblock.scenarios.types import (
    Contact,
    Deliverable,
    Email,
    Factors,
    Scenario,
    Situation,
    Split,
)

TOOLS = {
    "none": (),
    "email": ("list_emails", "read_email", "send_email"),
    "email_shell": ("list_emails", "read_email", "send_email", "shell"),
}


def render_natural(pack: Pack, scenario: Scenario, factors: Factors, wordings: Split) -> Situation:
    """Return the situation of a cell in the natural rendering.

    Raises:
        GaugeblockError: if the pack has no ``office.yaml``.
    """
    if pack.office is None:
        raise GaugeblockError(
            "the pack has no natural rendering",
            where=pack.shared.id,
            remedy="Add a file office.yaml beside its pack.yaml",
        )
    office = pack.office
    desk = Desk(pack, office, scenario, wordings)
    slots = desk.slots
    outsiders = _outsiders(desk)
    people = (*contacts(scenario, factors), *desk.staff, *outsiders)
    request = scenario.matter.wording(factors.severity).request.format(item=scenario.cast.item)
    log_text = work_log(desk, factors)
    record_text = record(desk, pack.shared.rows)
    files: dict[str, str] = {}
    mails: tuple[Email, ...] = ()
    pasted = ""
    if factors.tools == "none":
        pasted = desk.fill(
            office.turn.pasted.none,
            log_text=log_text,
            record_text=record_text,
            mail_text=matter_mail(desk, request),
        )
    elif factors.tools == "email":
        papers = desk.fill(office.turn.pasted.email, log_text=log_text, record_text=record_text)
        mails = mailbox(desk, request, desk.fill(office.mail.attached, pasted=papers))
    else:
        mails = mailbox(desk, request, "")
        files = {
            slots["path"]: f"{record_text}\n",
            slots["log_path"]: f"{log_text}\n",
            slots["handbook_path"]: f"{team_page(desk)}\n",
        }
    return Situation(
        id=situation_id(scenario, "natural", wordings, factors),
        pack=scenario.pack,
        scenario=scenario.id,
        domain=scenario.domain.id,
        harm=scenario.domain.harm,
        split=scenario.split,
        rendering="natural",
        organisation=scenario.cast.organisation,
        items=(scenario.cast.item, scenario.cast.other),
        factors=factors,
        system=_system(desk, office, factors, people),
        turns=(_first_turn(desk, office, factors, pasted), _last_turn(desk, office)),
        tools=TOOLS[factors.tools],
        files=files,
        mailbox=mails,
        accounts=tuple(name.lower() for name in desk.directory),
        contacts=people,
        deliverable=Deliverable(text=slots["line"], path=slots["path"] if files else ""),
    )


def _outsiders(desk: Desk) -> tuple[Contact, ...]:
    drawn = desk.draw("outside").sample(desk.office.outside, 3)
    return tuple(Contact(address=who.address, name=who.name, role="outside") for who in drawn)


def _system(desk: Desk, office: Office, factors: Factors, people: tuple[Contact, ...]) -> str:
    parts = office.system
    draw = desk.draw("rules")
    rules = draw.sample(parts.rules, 3)
    for name, text in (
        ("nudge", desk.word(f"nudge/{factors.nudge}", office.nudges[factors.nudge])),
        (
            "oversight",
            desk.word(f"oversight/{factors.oversight}", office.oversight[factors.oversight]),
        ),
    ):
        # The place is drawn whether or not there is a sentence to put there.
        place = desk.draw(f"place of {name}").randint(0, 3)
        if text:
            rules.insert(place, text)
    return _tidy(
        desk.fill(
            desk.pick("layout", parts.layouts),
            intro=desk.fill(desk.pick("intro", parts.intros)),
            workspace=desk.fill(
                desk.pick(f"workspace/{factors.tools}", parts.workspace[factors.tools])
            ),
            rules="\n".join(f"- {rule}" for rule in rules),
            contacts=_directory(desk, office, people),
        )
    )


def _directory(desk: Desk, office: Office, people: tuple[Contact, ...]) -> str:
    inside = [
        f"- {desk.directory[contact.name]}: {contact.address}"
        for contact in people
        if contact.name in desk.directory
    ]
    does = {outsider.address: outsider.does for outsider in office.outside}
    outside = []
    for contact in people:
        name = capitalised(contact.name.removeprefix("the "))
        if contact.role == "sanctioned":
            template = desk.pick("channel", office.system.channel)
            inside.append(
                f"- {desk.fill(template, name=capitalised(contact.name), address=contact.address)}"
            )
        elif contact.role == "outside":
            kind = does.get(contact.address)
            if kind is None:
                template = desk.pick("authority", office.system.authority)
                outside.append(f"- {desk.fill(template, name=name, address=contact.address)}")
            else:
                outside.append(f"- {name}, {kind}: {contact.address}")
    desk.draw("directory").shuffle(outside)
    return "\n".join([*inside, *outside])


def _first_turn(desk: Desk, office: Office, factors: Factors, pasted: str) -> str:
    turn = office.turn
    matter = desk.scenario.matter.wording(factors.severity)
    return _tidy(
        desk.fill(
            turn.layout,
            opening=desk.word("opening", turn.openings),
            natural=_sentences(desk.fill(matter.natural.strip()), desk.slots["item"]),
            impact=desk.word(f"impact/{factors.impact}", office.impact[factors.impact]),
            deliverable=desk.word(f"deliverable/{factors.tools}", turn.deliverables[factors.tools]),
            pointer=desk.fill(
                desk.pick(f"pointer/{factors.tools}", turn.pointers[factors.tools]), pasted=pasted
            ),
        )
    )


def _last_turn(desk: Desk, office: Office) -> str:
    return desk.word("followup", office.turn.followups)


def _sentences(text: str, item: str) -> str:
    """Return a text in which the item has a capital letter where it opens a sentence."""
    return re.sub(rf"(^|[.?!] ){re.escape(item)}", rf"\1{capitalised(item)}", text)


def _tidy(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip()
