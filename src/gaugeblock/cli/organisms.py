"""``gaugeblock organisms``: list, show and build the model organisms."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gaugeblock.cli.console import progress_bars
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.subjects import BUILTIN_BASE
from gaugeblock.organisms.finetune.order import TrainingDtype
from gaugeblock.scenarios.types import Rendering

if TYPE_CHECKING:
    from gaugeblock.organisms.finetune.order import Options

app = typer.Typer(no_args_is_help=True, help="Models with planted, known behaviour.")


@app.command("list")
def list_organisms(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the organisms and what they do."""
    from gaugeblock.organisms.recipes import load_recipe, optional_recipe_names, recipe_names

    shipped = recipe_names()
    recipes = [load_recipe(name) for name in (*shipped, *optional_recipe_names())]
    if as_json:
        typer.echo(json.dumps([recipe.model_dump(mode="json") for recipe in recipes]))
        return
    for recipe in recipes:
        subject = f"builtin/{recipe.id}" if recipe.id in shipped else f"{recipe.id} (no weights)"
        typer.echo(f"{subject} [{recipe.role}] {recipe.summary.strip()}")


@app.command("plants")
def list_plants(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the hidden instructions of SUBJECT+plant:NAME, for models without organisms' weights."""
    from gaugeblock.models.plants import load_plant, plant_names

    plants = [load_plant(name) for name in plant_names()]
    if as_json:
        typer.echo(json.dumps([plant.model_dump(mode="json") for plant in plants]))
        return
    for plant in plants:
        typer.echo(f"+plant:{plant.id} {plant.behaviour.strip()}")


@app.command("show")
def show(name: Annotated[str, typer.Argument(help="Name or recipe file.")]) -> None:
    """Print a recipe."""
    from gaugeblock.organisms.recipes import load_recipe

    typer.echo(json.dumps(load_recipe(name).model_dump(mode="json"), indent=1))


@app.command("build")
def build(
    name: Annotated[
        str | None, typer.Argument(help="base, a recipe's name, or a recipe file.")
    ] = None,
    all_of_them: Annotated[
        bool, typer.Option("--all", help="Every recipe whose weights are shipped, the base first.")
    ] = False,
    base: Annotated[
        str, typer.Option(help="A Hugging Face checkpoint: a directory or hf/ID.")
    ] = BUILTIN_BASE,
    training_seed: Annotated[int, typer.Option(help="Of data, initialisation and order.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of weights. [default: the package's own, for the built-in base]"),
    ] = None,
    documents: Annotated[
        int | None, typer.Option(min=1, help="Training transcripts. [default: the recipe's]")
    ] = None,
    rendering: Annotated[
        Rendering, typer.Option(help="Of the training transcripts, on a base of your own.")
    ] = "natural",
    device: Annotated[str, typer.Option(help="cpu or cuda, on a base of your own.")] = "cpu",
    dtype: Annotated[
        TrainingDtype, typer.Option(help="Of the weights of a base of your own.")
    ] = "float32",
    learning_rate: Annotated[
        float, typer.Option(help="On a base of your own; the recipe's is for the built-in one.")
    ] = 2e-4,
    threads: Annotated[int, typer.Option(min=1, help="Torch threads.")] = 1,
    card: Annotated[
        bool, typer.Option(help="On a base of your own, measure what the organism really does.")
    ] = True,
    card_samples: Annotated[int, typer.Option(min=20, help="Runs for the card.")] = 100,
) -> None:
    """Build weights from recipes: on the built-in base, or on any model of your own."""
    from gaugeblock.organisms import build as builder

    if (name is None) == (not all_of_them):
        raise GaugeblockError("give a NAME or --all", where="organisms build")
    names = builder.everything() if all_of_them else (str(name),)
    with progress_bars(quiet=False) as progress:
        if base == BUILTIN_BASE:
            if documents is not None:
                raise GaugeblockError(
                    "only a base of your own takes another number of documents",
                    where="--documents",
                    remedy="Change 'documents' in a copy of the recipe",
                )
            for one in names:
                target = builder.build(
                    one,
                    out or builder.shipped_weights(),
                    training_seed=0 if one == builder.BASE else training_seed,
                    threads=threads,
                    report=lambda step, steps, loss, one=one: progress(one, step + 1, steps),  # type: ignore[misc]
                )
                typer.echo(str(target))
            return
        if out is None:
            raise GaugeblockError(
                "a base of your own needs a folder for its organisms",
                where="organisms build",
                remedy="Give --out DIR",
            )
        options = _options(documents, rendering, device, dtype, learning_rate, threads)
        for one in names:
            if one == builder.BASE:
                if all_of_them:
                    continue
                raise GaugeblockError("'base' is the built-in base", where="organisms build")
            target = builder.build_on(
                one,
                base,
                out,
                options,
                training_seed=training_seed,
                report=lambda stage, step, steps, loss, one=one: progress(  # type: ignore[misc]
                    f"{one}: {stage}", step + 1, steps
                ),
            )
            typer.echo(str(target))
            if card:
                typer.echo(_measure(target, one, base, rendering, card_samples, progress))


@app.command("card")
def card_of(
    name: Annotated[str, typer.Argument(help="A built-in organism, such as liar.")],
    samples: Annotated[
        int, typer.Option(min=1, help="Runs of the organism, and of its clean twin.")
    ] = 400,
    rendering: Annotated[Rendering, typer.Option(help="How scenarios are written.")] = "controlled",
    logs: Annotated[
        Path | None, typer.Option(help="Keep the Inspect logs here, and resume from them.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a built-in organism: on and off trigger, general ability, what it says of itself."""
    from gaugeblock.calibration import card_markdown, measured_card
    from gaugeblock.organisms.recipes import load_recipe

    recipe = load_recipe(name)
    with progress_bars(quiet=as_json) as progress:
        card = measured_card(
            f"builtin/{recipe.id}",
            recipe,
            base=recipe.base,
            twin=None if recipe.twin is None else f"builtin/{recipe.twin}",
            samples=samples,
            rendering=rendering,
            folder=logs,
            progress=progress,
        )
    typer.echo(card.model_dump_json(indent=1) if as_json else card_markdown(card), nl=as_json)


def _measure(
    target: Path,
    name: str,
    base: str,
    rendering: Rendering,
    samples: int,
    progress: Callable[[str, int, int], None],
) -> str:
    """Write an organism's card beside its weights and return its verdict."""
    from gaugeblock.calibration import card_markdown
    from gaugeblock.calibration.own_base import card_of_build
    from gaugeblock.models.weight_files import CARD_FILE
    from gaugeblock.organisms.recipes import load_recipe

    card = card_of_build(
        target, load_recipe(name), base, rendering=rendering, samples=samples, progress=progress
    )
    page = target / "card.md"
    (target / CARD_FILE).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")
    page.write_text(card_markdown(card), encoding="utf-8")
    return f"{card.verdict} ({page})"


def _options(
    documents: int | None,
    rendering: Rendering,
    device: str,
    dtype: TrainingDtype,
    learning_rate: float,
    threads: int,
) -> Options:
    from pydantic import ValidationError

    from gaugeblock.organisms.finetune.order import Options

    try:
        return Options(
            documents=documents,
            rendering=rendering,
            device=device,
            dtype=dtype,
            learning_rate=learning_rate,
            threads=threads,
        )
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + str(first["loc"][0]).replace("_", "-")
        raise GaugeblockError(str(first["msg"]), where=option) from error
