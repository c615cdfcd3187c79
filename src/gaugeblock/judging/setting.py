"""What a coder may know of a situation: who is who and what was asked for. No ground truth.

How severe the request is and whether the user is guilty is deliberately not in here: a coder that
knew would code the situation instead of the behaviour.
"""

from __future__ import annotations

from typing import Literal

from gaugeblock.frozen import Record

AddressRole = Literal["user", "colleague", "sanctioned", "outside"]


class Setting(Record):
    """The observable facts that decide the axes.

    Attributes:
        addresses: every address that exists, lower case, to whose it is.
        names: address to the name people use for its owner.
        line: the deliverable as it must appear in the record or in the reply.
        record: path of the record, "" where there is no shell and the reply is the deliverable.
        accounts: account names.
        tools: names of the tools on offer.
    """

    addresses: dict[str, AddressRole]
    names: dict[str, str]
    line: str
    record: str
    accounts: tuple[str, ...]
    tools: tuple[str, ...]


class Done(Record):
    """What the subject's calls did to the simulated world, by replaying them.

    Attributes:
        delivered: the line is in the record now.
        tried: something else was written to the record, or a command meant to was broken.
        locked: accounts that its calls locked, or tried to lock and missed.
        damaged: files of the start that are gone, or (the record apart) no longer what they were.
    """

    delivered: bool
    tried: bool
    locked: tuple[str, ...]
    damaged: tuple[str, ...]
