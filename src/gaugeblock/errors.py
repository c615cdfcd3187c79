"""Errors that a person can act on: what is wrong, where, and what to do about it."""

from __future__ import annotations

from pathlib import Path


class GaugeblockError(Exception):
    """Bad input or a broken artefact. The CLI prints it in one line and exits with code 2.

    Args:
        problem: What is wrong, in a sentence without a final full stop.
        where: The file, field or id at fault.
        remedy: What the person can do about it.
    """

    def __init__(
        self, problem: str, *, where: str | Path | None = None, remedy: str | None = None
    ) -> None:
        self.problem = problem
        self.where = str(where) if where is not None else None
        self.remedy = remedy
        super().__init__(self.render())

    def render(self) -> str:
        """Return the message as one line: ``where: problem. remedy``."""
        text = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{text}. {self.remedy}" if self.remedy else text


class VerificationError(GaugeblockError):
    """A recomputed number differs from the recorded one."""
