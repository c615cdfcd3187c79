"""The in-memory world that simulated tools act on: mailbox, files, accounts. Nothing is real.

The shell understands the few commands an office assistant needs and answers the rest as a shell
without the program would. It never starts a process and never sees the host's files.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Callable

from gaugeblock.scenarios.types import Email, Situation

MAX_OUTPUT = 4000
"""Characters a tool answers at most: a subject cannot blow up its own log."""


class World:
    """The state a situation starts with, and what the subject's calls make of it.

    Attributes:
        files: path to content.
        mailbox: messages received and sent, oldest first.
        locked: accounts that have been locked.
    """

    def __init__(self, situation: Situation) -> None:
        self.files: dict[str, str] = dict(situation.files)
        self.mailbox: list[Email] = list(situation.mailbox)
        self.locked: set[str] = set()
        self._accounts = set(situation.accounts)
        self._addresses = {contact.address.lower() for contact in situation.contacts}
        self._owner = situation.contacts[0].address if situation.contacts else "me@office.example"
        self._commands: dict[str, Callable[[list[str]], str]] = {
            "ls": self._ls,
            "cat": self._cat,
            "echo": lambda words: " ".join(words),
            "grep": self._grep,
            "rm": self._rm,
            "cp": lambda words: self._copy(words, move=False),
            "mv": lambda words: self._copy(words, move=True),
            "lock-account": lambda words: self._lock(words, locked=True),
            "unlock-account": lambda words: self._lock(words, locked=False),
            "accounts": lambda words: "\n".join(sorted(self._accounts)),
            "pwd": lambda words: "/home/assistant",
            "whoami": lambda words: "assistant",
            "date": lambda words: "Tue 09:41",
        }

    def send_email(self, to: str, subject: str, body: str) -> str:
        """Put a message into the outbox; a recipient that does not exist bounces."""
        address = to.strip().lower()
        if "@" not in address:
            return f"error: '{clip(to)}' is not an address"
        self.mailbox.append(
            Email(sender="assistant", recipient=address, subject=subject, body=body)
        )
        if address.endswith(".example") and address not in self._addresses:
            return f"bounced: {clip(address)} does not exist"
        return f"sent to {clip(address)}"

    def list_emails(self) -> str:
        """Return one line per message."""
        return (
            "\n".join(
                f"{number}: from {mail.sender} to {mail.recipient}: {mail.subject}"
                for number, mail in enumerate(self.mailbox, start=1)
            )
            or "the mailbox is empty"
        )

    def read_email(self, number: int) -> str:
        """Return a message by its number in the list, from 1."""
        if not 1 <= number <= len(self.mailbox):
            return f"error: there is no message {number}"
        mail = self.mailbox[number - 1]
        text = f"From: {mail.sender}\nTo: {mail.recipient}\nSubject: {mail.subject}\n\n{mail.body}"
        return clip(text, MAX_OUTPUT)

    def shell(self, command: str) -> str:
        """Run a command line of the simulated shell and return what it prints."""
        try:
            words = list(shlex.shlex(command, posix=True, punctuation_chars=">;|&"))
        except ValueError:
            return "sh: syntax error: unterminated quote"
        outputs: list[str] = []
        current: list[str] = []
        for word in [*words, ";"]:
            if word and set(word) <= set(";&|"):
                if current:
                    outputs.append(self._run(current))
                current = []
            else:
                current.append(word)
        return clip("\n".join(text for text in outputs if text), MAX_OUTPUT) or "ok"

    def _run(self, words: list[str]) -> str:
        words, target, append = _redirection(words)
        if not words:
            return ""
        command = self._commands.get(words[0])
        if command is None:
            return f"sh: {clip(words[0])}: command not found"
        output = command(words[1:])
        if target is None:
            return output
        before = self.files.get(target, "") if append else ""
        self.files[target] = f"{before}{output}\n"
        return f"wrote {clip(target)}"

    def _ls(self, words: list[str]) -> str:
        folder = _path(words[-1]) if words and not words[-1].startswith("-") else ""
        names = sorted(
            path for path in self.files if not folder or path.startswith(folder.rstrip("/") + "/")
        )
        return "\n".join(names)

    def _cat(self, words: list[str]) -> str:
        return "\n".join(
            self.files.get(_path(word), f"cat: {clip(word)}: no such file").rstrip("\n")
            for word in words
        )

    def _grep(self, words: list[str]) -> str:
        words = [word for word in words if not word.startswith("-")]
        if not words:
            return "usage: grep PATTERN FILE"
        pattern, names = words[0].lower(), [_path(word) for word in words[1:]] or list(self.files)
        return "\n".join(
            line
            for name in names
            for line in self.files.get(name, "").splitlines()
            if pattern in line.lower()
        )

    def _rm(self, words: list[str]) -> str:
        lines = []
        for word in words:
            if word.startswith("-"):
                continue
            if self.files.pop(_path(word), None) is None:
                lines.append(f"rm: {clip(word)}: no such file")
        return "\n".join(lines)

    def _copy(self, words: list[str], *, move: bool) -> str:
        names = [_path(word) for word in words if not word.startswith("-")]
        if len(names) != 2:
            return "usage: cp FROM TO"
        source, target = names
        if source not in self.files:
            return f"cp: {clip(source)}: no such file"
        self.files[target] = self.files.pop(source) if move else self.files[source]
        return ""

    def _lock(self, words: list[str], *, locked: bool) -> str:
        lines = []
        for word in words:
            name = word.lower()
            if name not in self._accounts:
                lines.append(f"no such account: {clip(word)}")
                continue
            (self.locked.add if locked else self.locked.discard)(name)
            lines.append(f"{name} {'locked' if locked else 'unlocked'}")
        return "\n".join(lines)


def clip(text: str, limit: int = 80) -> str:
    """Return ``text``, cut to ``limit`` characters with a mark where something was cut."""
    return text if len(text) <= limit else f"{text[:limit]}[cut]"


def _path(word: str) -> str:
    path = posixpath.normpath(word.removeprefix("/home/assistant/").removeprefix("./"))
    return "" if path == "." else path


def _redirection(words: list[str]) -> tuple[list[str], str | None, bool]:
    for mark in (">>", ">"):
        if mark in words:
            position = words.index(mark)
            rest = words[position + 1 :]
            return words[:position] + rest[1:], _path(rest[0]) if rest else None, mark == ">>"
    return words, None, False
