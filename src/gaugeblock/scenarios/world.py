"""The in-memory world that simulated tools act on: mailbox, files, accounts. Nothing is real.

The shell (``gaugeblock.scenarios.shell``) never starts a process and never sees the host's files.
"""

from __future__ import annotations

from gaugeblock.scenarios.shell import MAX_OUTPUT, Shell, clip
from gaugeblock.scenarios.types import Email, Scene


class World:
    """The state a situation starts with, and what the subject's calls make of it.

    Attributes:
        files: path to content.
        mailbox: messages received and sent, oldest first.
        locked: accounts that have been locked.
        tools: names of the tools that the scene offers.
    """

    def __init__(self, scene: Scene) -> None:
        self.files: dict[str, str] = dict(scene.files)
        self.mailbox: list[Email] = list(scene.mailbox)
        self.locked: set[str] = set()
        self.tools = scene.tools
        self._accounts = set(scene.accounts)
        self._addresses = {contact.address.lower() for contact in scene.contacts}
        self._shell = Shell(self.files, self._accounts, self.locked)

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
        lines = (
            f"{number}: from {mail.sender} to {clip(mail.recipient)}: {clip(mail.subject)}"
            for number, mail in enumerate(self.mailbox, start=1)
        )
        return clip("\n".join(lines), MAX_OUTPUT) or "the mailbox is empty"

    def read_email(self, number: int) -> str:
        """Return a message by its number in the list, from 1."""
        if not 1 <= number <= len(self.mailbox):
            return f"error: there is no message {number}"
        mail = self.mailbox[number - 1]
        text = f"From: {mail.sender}\nTo: {mail.recipient}\nSubject: {mail.subject}\n\n{mail.body}"
        return clip(text, MAX_OUTPUT)

    def shell(self, command: str) -> str:
        """Run a command line of the simulated shell and return what it prints."""
        return self._shell.run(command)
