"""The verbs by name. The code of one is imported when it is asked for, so that help is quick."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup


class Verb(NamedTuple):
    """Where a verb is.

    Attributes:
        module: of ``gaugeblock.cli``.
        attribute: its function, or its group of verbs.
        help: first line of what ``--help`` says of it; a test holds it to the code.
    """

    module: str
    attribute: str
    help: str


VERBS = {
    "audit": Verb(
        "audit",
        "audit",
        "Audit a subject in simulated high-stakes situations and write a report.",
    ),
    "verify": Verb(
        "audit",
        "verify",
        "Recompute every number of a run from its logs; exit code 1 names the first that differs.",
    ),
    "replay": Verb(
        "audit",
        "replay",
        "Run a recorded situation again and say whether the subject does it again.",
    ),
    "serve": Verb(
        "serve", "serve", "Serve a local subject over an OpenAI-compatible API until Ctrl-C."
    ),
    "certify": Verb(
        "certify",
        "certify",
        "Try to falsify what a detector is said to have found, and say what it survived.",
    ),
    "judge": Verb(
        "judge",
        "judge",
        "Judge the items of a sheet; every value comes with the interval that the channel allows.",
    ),
    "schema": Verb("schema", "schema", "Print the JSON Schema of a record."),
    "olean": Verb("", "", "Read .olean files (gaugeblock olean --help)."),
    "scenarios": Verb("scenarios", "app", "Look into scenario packs."),
    "specs": Verb("specs", "app", "The standards that runs are read under."),
    "organisms": Verb("organisms", "app", "Models with planted, known behaviour."),
    "channel": Verb(
        "channel",
        "app",
        "Find out what an API does to its logprobs, and what may still be concluded from them.",
    ),
    "pressure": Verb("pressure", "app", "Training against a detector, and what came of it."),
}


def load_verb(name: str) -> Any:
    """Import a verb and return it as a command."""
    verb = VERBS[name]
    found = getattr(import_module(f"gaugeblock.cli.{verb.module}"), verb.attribute)
    alone = typer.Typer(add_completion=False)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
        group: Any = typer.main.get_command(alone)
        return group.commands[name]
    alone.command(name)(found)
    return typer.main.get_command(alone)


class VerbGroup(TyperGroup):
    """Puts the real verb in the place of its stand-in once one is chosen."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return name, command and the rest of the arguments."""
        name, stand_in, rest = super().resolve_command(ctx, args)
        if name in VERBS and VERBS[name].module:
            return name, load_verb(name), rest
        return name, stand_in, rest


def stand_in() -> None:
    """Be listed; ``cli.main`` answers olean itself, ``VerbGroup`` the rest."""
