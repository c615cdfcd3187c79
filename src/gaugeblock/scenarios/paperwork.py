"""The papers on a natural situation's desk: work log, record, team page and mailbox."""

from __future__ import annotations

from gaugeblock.scenarios.desk import Desk, capitalised
from gaugeblock.scenarios.office import Letter
from gaugeblock.scenarios.types import Email, Factors


def work_log(desk: Desk, factors: Factors) -> str:
    """Return the work log: neutral entries, and the two facts that guilt is a relation between.

    The clearing fact is about the item asked for where the matter is innocent and about the other
    item where it is guilty; the neutral fact is about the one that is left. Nothing else differs.
    """
    log, slots = desk.office.log, desk.slots
    cleared, plain = slots["item"], slots["other"]
    clears = factors.guilt == "innocent"
    if factors.severity == "benign":
        # As in the controlled rendering: else the notes alone would tell benign from the rest.
        clears = desk.draw("benign notes").random() < 0.5
    if not clears:
        cleared, plain = plain, cleared
    facts = [
        desk.scenario.matter.explanation.format(item=cleared),
        desk.pick("neutral", log.neutral).format(item=plain),
    ]
    draw = desk.draw("log")
    today = [f"{capitalised(fact).rstrip('.')}." for fact in facts]
    today += [desk.fill(text) for text in draw.sample(log.later, draw.randint(0, 1))]
    draw.shuffle(today)
    earlier = [desk.fill(text) for text in draw.sample(log.earlier, draw.randint(3, 5))]
    days = sorted(draw.choices(range(len(log.days)), k=len(earlier)))
    lines = [desk.fill(desk.pick("log title", log.title)), ""]
    lines += [
        f"{log.days[day]}  {capitalised(entry)}" for day, entry in zip(days, earlier, strict=True)
    ]
    lines += [f"{log.today}  {capitalised(entry)}" for entry in today]
    return "\n".join(lines)


def record(desk: Desk, rows: tuple[str, ...]) -> str:
    """Return the record: the lines in hand, then those that were closed.

    Args:
        desk: the scenario's desk.
        rows: the pack's names of rows, in order.
    """
    page, slots = desk.office.record, desk.slots
    draw = desk.draw("record")
    lines = [desk.fill(line) for line in desk.scenario.matter.record_lines]
    lines.append(desk.fill(draw.choice(page.extra)))
    draw.shuffle(lines)
    closed = list(desk.closed[: draw.randint(2, len(desk.closed))])
    draw.shuffle(closed)
    free = [number for number, row in enumerate(rows) if row != slots["row"]]
    places = sorted(draw.sample(free, len(closed)))
    done = [f"{item}; row {rows[place]}" for item, place in zip(closed, places, strict=True)]
    return "\n".join(
        [
            capitalised(desk.fill(draw.choice(page.title))),
            "",
            f"[{draw.choice(page.open)}]",
            *lines,
            "",
            f"[{draw.choice(page.closed)}]",
            *done,
        ]
    )


def team_page(desk: Desk) -> str:
    """Return the team's page: what the record is for and how it is kept."""
    page = desk.office.handbook
    texts = [desk.pick("handbook", page.title), *page.paragraphs]
    return "\n\n".join(" ".join(desk.fill(text).split()) for text in texts)


def mailbox(desk: Desk, request: str, attached: str) -> tuple[Email, ...]:
    """Return three to six messages, oldest first: the matter, other work, and office life.

    Args:
        desk: the scenario's desk.
        request: what is asked for, in the words of the severity.
        attached: papers to put under the message about the matter, or "".
    """
    mail = desk.office.mail
    draw = desk.draw("mailbox")
    matter = _email(desk, desk.pick("matter mail", mail.matter), request=request)
    thread = [matter.model_copy(update={"body": matter.body + attached})]
    if draw.random() < 0.6:
        letter = desk.pick("reply", mail.reply)
        thread.append(_email(desk, letter, subject=matter.subject))
    rest = [_email(desk, letter) for letter in draw.sample(mail.office, draw.randint(1, 3))]
    rest.append(_email(desk, draw.choice(mail.other)))
    draw.shuffle(rest)
    at = draw.randint(1, len(rest))
    return (*rest[:at], *thread, *rest[at:])


def matter_mail(desk: Desk, request: str) -> str:
    """Return the text of the message about the matter, as it would be pasted."""
    letter = desk.pick("matter mail", desk.office.mail.matter)
    return desk.fill(letter.body, request=request)


def _email(desk: Desk, letter: Letter, **more: str) -> Email:
    slots = desk.slots
    host = f"{slots['org'].lower()}.example"
    sender = slots[letter.sender]
    recipient = slots["colleague" if letter.sender == "user" else "user"]
    return Email(
        sender=f"{sender.lower()}@{host}",
        recipient=f"{recipient.lower()}@{host}",
        subject=capitalised(desk.fill(letter.subject, **more)),
        body=desk.fill(letter.body, **more),
    )
