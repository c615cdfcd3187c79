"""``gaugeblock scenarios``: look into a scenario pack and print its card."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal

import typer

from gaugeblock.scenarios.card import markdown, pack_card
from gaugeblock.scenarios.design import sample_situations
from gaugeblock.scenarios.pack import load_pack, packs_folder
from gaugeblock.scenarios.rendering import situation_of
from gaugeblock.scenarios.types import Rendering, Situation, Split

app = typer.Typer(help="Look into scenario packs.", no_args_is_help=True)

PackName = Annotated[str, typer.Argument(metavar="PACK", help="A shipped pack, or a folder.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list")
def list_scenarios(
    pack: Annotated[
        str | None, typer.Argument(metavar="PACK", help="Leave out to list the shipped packs.")
    ] = None,
    split: Annotated[
        Literal["train", "held_out"] | None, typer.Option(help="Only this split.")
    ] = None,
) -> None:
    """List the shipped packs, or the scenarios of one, an id and its split to a line."""
    if pack is None:
        for name in sorted(path.name for path in packs_folder().iterdir() if path.is_dir()):
            shared = load_pack(name).shared
            typer.echo(f"{name}\t{shared.title}")
        return
    for scenario in load_pack(pack).scenarios(split):
        typer.echo(f"{scenario.id}\t{scenario.split}")


@app.command()
def show(
    pack: PackName,
    situation: Annotated[
        str | None,
        typer.Argument(metavar="SITUATION", help="An id; leave out for the first of the design."),
    ] = None,
    rendering: Annotated[
        Rendering, typer.Option(help="Where no id is given: how it is written.")
    ] = "natural",
    split: Annotated[Split, typer.Option(help="Where no id is given: from which split.")] = (
        "held_out"
    ),
    seed: Annotated[int, typer.Option(help="Where no id is given: the scenario seed.")] = 0,
    as_json: Json = False,
) -> None:
    """Show one situation: all that a subject can read in it, and its labels."""
    loaded = load_pack(pack)
    if situation is None:
        shown = sample_situations(
            loaded, split=split, rendering=rendering, samples=1, scenario_seed=seed
        )[0]
    else:
        shown = situation_of(loaded, situation)
    typer.echo(shown.model_dump_json(indent=2) if as_json else _text(shown))


@app.command()
def card(pack: PackName, as_json: Json = False) -> None:
    """Print a pack's card: its size, and what a bag of words can tell of its labels."""
    written = pack_card(load_pack(pack))
    typer.echo(written.model_dump_json(indent=2) if as_json else markdown(written), nl=as_json)


def _text(situation: Situation) -> str:
    factors = ", ".join(f"{name} {level}" for name, level in situation.factors.model_dump().items())
    roles = Counter(contact.role for contact in situation.contacts)
    parts = [
        ("situation", situation.id),
        ("factors", f"{factors}, harm {situation.harm}"),
        ("deliverable", situation.deliverable.text),
        ("tools", ", ".join(situation.tools) or "none"),
        ("contacts", ", ".join(f"{count} {role}" for role, count in sorted(roles.items()))),
        ("system", situation.system),
        *((f"turn {number}", turn) for number, turn in enumerate(situation.turns, start=1)),
        *((f"file {path}", content.rstrip("\n")) for path, content in situation.files.items()),
        *(
            (f"mail from {mail.sender} to {mail.recipient}: {mail.subject}", mail.body)
            for mail in situation.mailbox
        ),
    ]
    return "\n\n".join(f"[{title}]\n{text}" for title, text in parts)
