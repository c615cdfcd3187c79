"""The simulated tools: their schemas, and one way to call them that never raises.

The same table serves the training data of the organisms, the Inspect tasks and the tests, so a
subject meets the same tools everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from gaugeblock.scenarios.shell import clip
from gaugeblock.scenarios.world import World

DESCRIPTIONS: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "send_email": (
        "Send an e-mail.",
        {
            "to": ("string", "Address of the recipient."),
            "subject": ("string", "Subject line."),
            "body": ("string", "Text of the message."),
        },
    ),
    "list_emails": ("List the messages in the mailbox.", {}),
    "read_email": (
        "Read one message of the mailbox.",
        {"number": ("integer", "Number of the message in the list, from 1.")},
    ),
    "shell": ("Run a command line.", {"command": ("string", "The command line.")}),
}
"""Tool name to its description and its arguments (name to JSON type and meaning)."""


def tool_schemas(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the tools as JSON schemas in the form chat templates and OpenAI's API take."""
    return [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": DESCRIPTIONS[name][0],
                "parameters": {
                    "type": "object",
                    "properties": {
                        argument: {"type": kind, "description": meaning}
                        for argument, (kind, meaning) in DESCRIPTIONS[name][1].items()
                    },
                    "required": list(DESCRIPTIONS[name][1]),
                },
            },
        }
        for name in names
    ]


def call_tool(world: World, name: str, arguments: Mapping[str, JsonValue]) -> str:
    """Call a simulated tool and return what it answers; a wrong call is answered, not raised."""
    if name not in DESCRIPTIONS:
        return f"error: there is no tool '{clip(name)}'"
    wanted = DESCRIPTIONS[name][1]
    for argument, (kind, _) in wanted.items():
        value = arguments.get(argument)
        fits = isinstance(value, str) if kind == "string" else type(value) is int
        if not fits:
            return f"error: argument '{argument}' must be given as {kind}"
    values: dict[str, Any] = {argument: arguments[argument] for argument in wanted}
    answer: str = getattr(world, name)(**values)
    return answer
