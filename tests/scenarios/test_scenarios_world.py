"""The simulated tools: useful to a model, bounded, and never in touch with the host."""

from __future__ import annotations

import builtins
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaugeblock.scenarios.pack import load_pack
from gaugeblock.scenarios.rendering import situation_of
from gaugeblock.scenarios.shell import MAX_COMMANDS, MAX_FILE, MAX_FILES, MAX_LINE, MAX_OUTPUT
from gaugeblock.scenarios.tools import DESCRIPTIONS, call_tool, tool_schemas
from gaugeblock.scenarios.types import Situation
from gaugeblock.scenarios.world import World

IDENT = (
    "wrongdoing/brake-garage/worn-discs/0/{}/train/"
    "egregious.guilty.bold.email_shell.named.logged.anyway"
)
NATURAL: Situation = situation_of(load_pack("wrongdoing"), IDENT.format("natural"))
CONTROLLED: Situation = situation_of(load_pack("wrongdoing"), IDENT.format("controlled"))

WORDS = [
    *("ls", "cat", "echo", "grep", "rm", "cp", "mv", "cd", "find", "head", "tail", "wc", "sort"),
    *("tee", "touch", "mkdir", "printf", "pwd", "whoami", "date", "accounts", "lock-login"),
    *("unlock-login", "python", "curl", "sh", "bash", "-r", "-rf", "-n", "-2", "-name", "-i"),
    *("*", "**", "*.txt", "*[z-a", "~", ".", "..", "/", "/etc/passwd", "../../etc/passwd"),
    *("notes.txt", "record.txt", "records", "notes/work-log.txt", "$(id)", "`id`", ">", ">>"),
    *("<", "<<", "<<EOF", "EOF", ";", "&&", "||", "|", "&", "2>&1", "2>/dev/null", '"', "'", "#"),
    *("\\", "\n", "é", "²", "\x00", "{}", "%s"),
]
LINES = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join),
    st.text(max_size=300),
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=8)), max_size=20).map("".join),
)


@contextmanager
def no_host() -> Iterator[None]:
    """Within it, whatever reaches for the host's files or processes fails the test."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("the simulated world touched the host")

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in (
            (builtins, "open"),
            (os, "system"),
            (os, "listdir"),
            (os, "remove"),
            (subprocess, "Popen"),
            (Path, "open"),
        ):
            patch.setattr(owner, name, refuse)
        yield


@settings(max_examples=150, deadline=None, database=None)
@given(st.lists(LINES, min_size=1, max_size=6))
def test_no_command_line_breaks_out_or_blows_up(lines: list[str]) -> None:
    world = World(NATURAL)
    for line in lines:
        with no_host():
            answer = world.shell(line)
        assert isinstance(answer, str)
        assert len(answer) <= MAX_OUTPUT + len("[cut]")
    assert len(world.files) <= MAX_FILES
    assert all(len(text) <= MAX_FILE for text in world.files.values())
    assert World(NATURAL).files == NATURAL.files


@settings(max_examples=150, deadline=None, database=None)
@given(
    st.sampled_from([*DESCRIPTIONS, "format_disk", ""]),
    st.dictionaries(
        st.sampled_from(["to", "subject", "body", "number", "command", "other"]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=50)),
    ),
)
def test_no_call_raises(name: str, arguments: dict[str, object]) -> None:
    with no_host():
        answer = call_tool(World(NATURAL), name, arguments)  # type: ignore[arg-type]
    assert 0 < len(answer) <= MAX_OUTPUT + len("[cut]")


def test_growth_is_bounded() -> None:
    world = World(CONTROLLED)
    world.shell(f"echo {'x' * 10_000} > a")
    for _ in range(20):
        world.shell("cat a a > b; cat b b > a")
    assert all(len(text) <= MAX_FILE for text in world.files.values())
    for number in range(10):
        world.shell("; ".join(f"touch f{number}-{n}" for n in range(30)))
    assert len(world.files) == MAX_FILES
    assert world.shell("echo x; " * (MAX_COMMANDS + 1)).endswith("sh: too many commands")
    assert world.shell("x" * (MAX_LINE + 1)) == "sh: line too long"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("cat notes.txt", CONTROLLED.files["notes.txt"]),
        ('echo "van QS; row one" >> record.txt', "wrote record.txt"),
        ("lock-login nobody", "no such account: nobody"),
        ("ls", "notes.txt\nrecord.txt"),
        ("ls nowhere", "ls: nowhere: no such file or folder"),
        ("cat /etc/passwd", "cat: /etc/passwd: no such file"),
        ("cat ../../etc/passwd", "cat: /etc/passwd: no such file"),
        ("python -c 'print(1)'", "sh: python: command not found"),
        ("echo a; echo b", "a\nb"),
        ("echo a && echo b", "a\nb"),
        ("echo a\necho b", "a\nb"),
        ("echo mail x@y.z, please", "mail x@y.z, please"),
        ("printf 'b\\na\\n' | sort | head -1", "a"),
        ("echo 'one two' | wc", "1 2 7"),
        ("cat <<EOF > f\none\ntwo\nEOF\ncat f", "wrote f\none\ntwo"),
        ("cat < '<<7'", "ok"),
        ("echo x 2>/dev/null", "x"),
        ("echo 'a", "sh: syntax error: unterminated quote"),
        ("# a comment\necho a", "a"),
        ("", "ok"),
        ("pwd; whoami; date", "/home/assistant\nassistant\nTue 09:41"),
    ],
)
def test_the_shell_answers_plausibly(line: str, answer: str) -> None:
    assert World(CONTROLLED).shell(line) == answer


def test_files_can_be_changed_as_one_would() -> None:
    world = World(NATURAL)
    path = NATURAL.deliverable.path
    assert world.shell(f"cd records && ls && echo 'new; row' >> {path.split('/')[1]}").startswith(
        path.split("/")[1]
    )
    assert world.files[path].endswith("new; row\n")
    assert world.shell("cd ..; tail -1 records/*.txt") == "new; row"
    world.shell(f"cp {path} copy.txt; mv copy.txt notes; rm {path}")
    assert path not in world.files
    assert world.files["notes/copy.txt"].endswith("new; row\n")
    assert world.shell("grep -i NEW notes/copy.txt") == "new; row"
    assert world.shell("find . -name 'copy*'") == "notes/copy.txt"
    world.shell("rm -r notes")
    assert not any(name.startswith("notes") for name in world.files)


def test_accounts_lock_and_unlock() -> None:
    world = World(NATURAL)
    user = NATURAL.accounts[0]
    assert user in world.shell("accounts").splitlines()
    assert world.shell(f"lock-login {user.upper()}") == f"{user} locked"
    assert world.locked == {user}
    world.shell(f"unlock-login {user}")
    assert world.locked == set()


def test_mail_arrives_or_bounces() -> None:
    world = World(NATURAL)
    count = len(NATURAL.mailbox)
    authority = next(c.address for c in NATURAL.contacts if c.role == "outside")
    assert world.send_email(authority.upper(), "s", "b") == f"sent to {authority}"
    assert world.send_email("who@nowhere.example", "s", "b").startswith("bounced")
    assert world.send_email("somebody", "s", "b") == "error: 'somebody' is not an address"
    assert len(world.mailbox) == count + 2
    assert (
        world.list_emails().splitlines()[count] == f"{count + 1}: from assistant to {authority}: s"
    )
    assert world.read_email(count + 1).endswith("Subject: s\n\nb")
    assert world.read_email(0) == "error: there is no message 0"
    assert len(NATURAL.mailbox) == count


def test_schemas_name_every_argument() -> None:
    for schema in tool_schemas(list(DESCRIPTIONS)):
        function = schema["function"]
        assert set(function["parameters"]["required"]) == set(function["parameters"]["properties"])
    assert [schema["function"]["name"] for schema in tool_schemas(NATURAL.tools)] == list(
        NATURAL.tools
    )
