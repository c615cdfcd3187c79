"""The natural rendering: labels in the words of the matter alone, guilt in a relation alone."""

from __future__ import annotations

from collections import Counter
from typing import get_args

import pytest

from gaugeblock.scenarios.card import situations
from gaugeblock.scenarios.design import sample_situations
from gaugeblock.scenarios.leak import readable
from gaugeblock.scenarios.pack import load_pack
from gaugeblock.scenarios.rendering import render
from gaugeblock.scenarios.types import (
    Channel,
    Factors,
    Impact,
    Nudge,
    Oversight,
    Rendering,
    Severity,
    Situation,
    Tools,
)
from gaugeblock.scenarios.word_bag import words
from gaugeblock.scenarios.world import MAX_OUTPUT, World

PACK = load_pack("wrongdoing")
SCENARIOS = PACK.scenarios()
BASE = Factors(
    severity="egregious",
    guilt="guilty",
    nudge="bold",
    tools="email_shell",
    channel="named",
    oversight="logged",
    impact="anyway",
)


def natural(number: int = 0, **levels: str) -> Situation:
    factors = Factors.model_validate({**BASE.model_dump(), **levels})
    return render(PACK, SCENARIOS[number], factors, "natural", "train")


def parts(situation: Situation) -> dict[str, str]:
    return {
        "system": situation.system,
        "first": situation.turns[0],
        "last": situation.turns[1],
        **situation.files,
        "mail": "\n".join(mail.model_dump_json() for mail in situation.mailbox),
    }


def changed(one: Situation, two: Situation) -> set[str]:
    left, right = parts(one), parts(two)
    return {name for name in left.keys() | right.keys() if left.get(name) != right.get(name)}


@pytest.mark.parametrize("rendering", get_args(Rendering))
@pytest.mark.parametrize("tools", get_args(Tools))
def test_guilt_is_a_relation(rendering: Rendering, tools: str) -> None:
    """The same words about the same items, but for whom the clearing fact is about."""
    for scenario in SCENARIOS[::7]:
        texts = []
        for guilt in ("guilty", "innocent"):
            factors = Factors.model_validate(
                {**BASE.model_dump(), "guilt": guilt, "tools": tools, "nudge": "none"}
            )
            situation = render(PACK, scenario, factors, rendering, "train")
            facts = situation.files.get("notes.txt", readable(situation))
            clears = scenario.matter.explanation.format(item=scenario.cast.item)
            clears_other = scenario.matter.explanation.format(item=scenario.cast.other)
            assert (clears[1:] in facts) == (guilt == "innocent")
            assert (clears_other[1:] in facts) == (guilt == "guilty")
            texts.append(facts)
        if rendering == "natural" or tools == "email_shell":
            assert Counter(words(texts[0])) == Counter(words(texts[1]))
        assert texts[0] != texts[1]


def test_severity_changes_the_request_and_the_mail_about_it_only() -> None:
    for severity in get_args(Severity):
        guilt = "innocent"
        one = natural(3, severity="egregious", guilt=guilt)
        two = natural(3, severity=severity, guilt=guilt)
        scenario = SCENARIOS[3]
        cast = scenario.cast
        for situation, level in ((one, "egregious"), (two, severity)):
            request = scenario.matter.wording(level).request.format(item=cast.item)  # type: ignore[arg-type]
            assert any(request in mail.body for mail in situation.mailbox)
        if severity == "borderline":
            assert changed(one, two) == {"first", "mail"}
            assert len(one.mailbox) == len(two.mailbox)


@pytest.mark.parametrize(
    ("factor", "levels", "where"),
    [
        ("nudge", get_args(Nudge), {"system"}),
        ("channel", get_args(Channel), {"system"}),
        ("oversight", get_args(Oversight), {"system"}),
        ("impact", get_args(Impact), {"first"}),
        ("guilt", ("guilty", "innocent"), {"notes/work-log.txt"}),
    ],
)
def test_a_factor_changes_its_own_place_only(
    factor: str, levels: tuple[str, ...], where: set[str]
) -> None:
    for number in range(0, len(SCENARIOS), 60):
        first = natural(number, **{factor: levels[0]})
        for level in levels[1:]:
            assert changed(first, natural(number, **{factor: level})) == where


def test_the_public_authority_is_always_listed_among_others_and_the_channel_where_named() -> None:
    for situation in situations(PACK, "held_out", "natural")[::11]:
        outside = [contact for contact in situation.contacts if contact.role == "outside"]
        sanctioned = [contact for contact in situation.contacts if contact.role == "sanctioned"]
        assert len(outside) >= 3
        assert outside[0].address.startswith("tips@")
        assert bool(sanctioned) == (situation.factors.channel == "named")
        listed = [contact for contact in situation.contacts if contact.address in situation.system]
        assert len(listed) == len(situation.contacts)
        assert len({contact.address for contact in situation.contacts}) == len(situation.contacts)


def test_everything_needed_can_be_reached_with_the_tools_there_are() -> None:
    for number in range(0, len(SCENARIOS), 13):
        for tools in get_args(Tools):
            situation = natural(number, tools=tools)
            world = World(situation)
            seen = situation.turns[0]
            if "read_email" in situation.tools:
                assert 3 <= len(situation.mailbox) <= 6
                seen += "".join(world.read_email(n + 1) for n in range(len(situation.mailbox)))
            if "shell" in situation.tools:
                seen += "".join(world.shell(f"cat {path}") for path in situation.files)
                assert situation.deliverable.path in situation.files
                world.shell(f"echo '{situation.deliverable.text}' >> {situation.deliverable.path}")
                last = world.files[situation.deliverable.path].splitlines()[-1]
                assert last == situation.deliverable.text
            else:
                assert situation.deliverable.path == ""
                assert situation.files == {}
            assert "[cut]" not in seen
            scenario = SCENARIOS[number]
            assert scenario.matter.explanation.format(item=scenario.cast.other)[1:] in seen
            for line in scenario.matter.record_lines:
                assert line.format(item=scenario.cast.item, other=scenario.cast.other) in seen
            assert situation.deliverable.text in situation.turns[0]


def test_no_slot_is_left_and_no_message_comes_from_nowhere() -> None:
    for split in ("train", "held_out"):
        for situation in sample_situations(
            PACK,
            split=split,  # type: ignore[arg-type]
            rendering="natural",
            samples=150,
            scenario_seed=5,
        ):
            text = readable(situation)
            assert "{" not in text
            assert "}" not in text
            assert "\n\n\n" not in text
            known = {contact.address for contact in situation.contacts}
            for mail in situation.mailbox:
                assert {mail.sender, mail.recipient} <= known
                assert len(mail.body) < MAX_OUTPUT
            assert situation.accounts[0] == situation.contacts[0].name.lower()


def test_wordings_of_factors_are_held_out() -> None:
    levels = {"nudge": "initiative", "oversight": "unlogged", "impact": "depends"}
    factors = Factors.model_validate({**BASE.model_dump(), **levels})
    assert PACK.office is not None
    trained = render(PACK, SCENARIOS[0], factors, "natural", "train")
    held_out = render(PACK, SCENARIOS[0], factors, "natural", "held_out")
    for wordings in (PACK.office.nudges["initiative"], PACK.office.oversight["unlogged"]):
        assert not set(wordings.train) & set(wordings.held_out)
        assert any(text in trained.system for text in wordings.train)
        assert not any(text in held_out.system for text in wordings.train)
        assert any(text in held_out.system for text in wordings.held_out)
    assert trained.mailbox == held_out.mailbox
