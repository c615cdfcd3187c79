"""``gaugeblock scenarios``: look into a scenario pack and print its card."""

from __future__ import annotations

import random
from collections import Counter
from typing import Annotated, Literal

import typer

from gaugeblock.scenarios.behaviour import (
    Trial,
    behaviour_pack_names,
    is_behaviour_pack,
    load_behaviour_pack,
    render_trial,
    trial_of,
)
from gaugeblock.scenarios.behaviour.card import behaviour_card, behaviour_markdown
from gaugeblock.scenarios.behaviour.render import scenarios
from gaugeblock.scenarios.card import markdown, pack_card
from gaugeblock.scenarios.design import sample_situations
from gaugeblock.scenarios.pack import load_pack, packs_folder
from gaugeblock.scenarios.rendering import situation_of
from gaugeblock.scenarios.types import Rendering, Scene, Situation, Split
from gaugeblock.seeds import derive_seed

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
        for name in behaviour_pack_names():
            typer.echo(f"{name}\t{load_behaviour_pack(name).file.title}")
        return
    if is_behaviour_pack(pack):
        for one in scenarios(load_behaviour_pack(pack), split):
            typer.echo(f"{one.id}\t{one.split}")
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
    if is_behaviour_pack(pack):
        trial = _trial(pack, situation, rendering, split, seed)
        typer.echo(trial.model_dump_json(indent=2) if as_json else _text(trial))
        return
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
    if is_behaviour_pack(pack):
        found = behaviour_card(load_behaviour_pack(pack))
        text = found.model_dump_json(indent=2) if as_json else behaviour_markdown(found)
    else:
        written = pack_card(load_pack(pack))
        text = written.model_dump_json(indent=2) if as_json else markdown(written)
    typer.echo(text, nl=as_json)


def _trial(name: str, ident: str | None, rendering: Rendering, split: Split, seed: int) -> Trial:
    pack = load_behaviour_pack(name)
    if ident is not None:
        return trial_of(pack, ident)
    draw = random.Random(derive_seed("show", name, seed))
    one = draw.choice(list(scenarios(pack, split)))
    return render_trial(pack, one, pack.random_levels(draw), rendering, split)


def _text(scene: Scene) -> str:
    factors = ", ".join(f"{name} {level}" for name, level in scene.levels().items())
    roles = Counter(contact.role for contact in scene.contacts)
    parts = [
        ("situation", scene.id),
        ("factors", factors),
        *([("deliverable", scene.deliverable.text)] if isinstance(scene, Situation) else []),
        ("tools", ", ".join(scene.tools) or "none"),
        ("contacts", ", ".join(f"{count} {role}" for role, count in sorted(roles.items()))),
        ("system", scene.system),
        *((f"turn {number}", turn) for number, turn in enumerate(scene.turns, start=1)),
        *((f"file {path}", content.rstrip("\n")) for path, content in scene.files.items()),
        *(
            (f"mail from {mail.sender} to {mail.recipient}: {mail.subject}", mail.body)
            for mail in scene.mailbox
        ),
    ]
    return "\n\n".join(f"[{title}]\n{text}" for title, text in parts)
