"""``gaugeblock channel leak``: what does a channel give away of the model behind it?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.console import Console
from rich.table import Table

from gaugeblock.cli.channel_source import Device, Dtype
from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.card import ChannelCard
from gaugeblock.logprobs.channel.readings import distinct, readings
from gaugeblock.logprobs.leak import Leak, measure_leak
from gaugeblock.logprobs.leak.image import read_image, write_image
from gaugeblock.logprobs.leak.offset import Offsets, offsets
from gaugeblock.logprobs.probe import grid_rows, make_card
from gaugeblock.logprobs.rows import read_recording
from gaugeblock.logprobs.spec import ChannelSpec, Family
from gaugeblock.logprobs.spec_text import read_channel


def leak(
    subject: Annotated[
        str | None, typer.Argument(help="builtin/NAME, a checkpoint directory or hf/ID.")
    ] = None,
    rows: Annotated[
        Path | None, typer.Option(help="Recorded rows instead: tells absolute logits only.")
    ] = None,
    channel: Annotated[
        str,
        typer.Option(help="What stands before the model: a card, a file, or words like bf16,k=20."),
    ] = "none",
    outputs: Annotated[int, typer.Option(min=16, help="Full outputs to take.")] = 512,
    image: Annotated[
        Path | None, typer.Option(help="Keep the model's image as FILE.npy and FILE.json.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="An image kept earlier: is it the same model?")
    ] = None,
    device: Device = "cpu",
    dtype: Dtype = "float32",
    seed: Annotated[int, typer.Option(help="Of prompts, modes and noise.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure hidden size, absolute logits and identity as seen through a channel."""
    if (subject is None) == (rows is None):
        raise GaugeblockError(
            "give either a local subject or --rows FILE",
            remedy="For example: gaugeblock channel leak builtin/base --channel bf16",
        )
    if rows is not None:
        _from_rows(rows, as_json)
        return
    from gaugeblock.models.full_logits import random_outputs
    from gaugeblock.models.loading import load_subject
    from gaugeblock.models.subjects import subject_kind

    assert subject is not None
    if "://" in subject or subject_kind(subject) == "inspect":
        raise GaugeblockError(
            "an API gives no full outputs",
            where=subject,
            remedy="Record rows with channel probe --out, and give them with --rows",
        )
    if dtype not in ("float32", "bfloat16", "float16"):
        raise GaugeblockError("must be float32, bfloat16 or float16", where="--dtype")
    spec = read_channel(channel)
    if dtype != "float32" and spec.family == "none":
        # Such weights give logits on this grid already; the channel says so.
        family: Family = "bf16" if dtype == "bfloat16" else "fp16"
        spec = spec.model_copy(update={"family": family})
    earlier = read_image(against) if against is not None else None
    loaded = load_subject(subject, device=device, dtype=cast(Any, dtype))
    logits = random_outputs(loaded, outputs, seed)
    found, seen = measure_leak(logits, spec, subject, against=earlier, seed=seed)
    if image is not None:
        if seen is None:
            raise GaugeblockError(
                f"{found.visible_rank} dimensions stand out in {outputs} outputs: no image to keep",
                remedy="Allow more with --outputs, or a finer channel",
            )
        write_image(image, seen)
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        _print(found)


def _from_rows(path: Path, as_json: bool) -> None:
    recording = read_recording(path)
    card = make_card(recording, path.name)
    usable = distinct(readings(grid_rows(recording.rows)))
    told = offsets(usable, card.channel)
    if as_json:
        typer.echo(told.model_dump_json(indent=1) if told else "null")
        return
    console = Console()
    console.print(f"[bold]{_offset_words(told, card.channel, card)}[/bold]", highlight=False)
    if told and told.tops:
        console.print("top logits: " + ", ".join(f"{top:g}" for top in told.tops), highlight=False)


def _offset_words(told: Offsets | None, spec: ChannelSpec, card: ChannelCard | None = None) -> str:
    if told is None:
        if card is not None and card.family == "undecided":
            return f"The channel is undecided, so absolute logits are not told. {card.sentence}"
        return f"A channel of family {spec.family} hides absolute logits"
    return (
        f"Absolute logits: the top one is the only one possible in {told.unique} of {told.rows} "
        f"answers, and known within a nat in {told.within_one}"
    )


def _print(found: Leak) -> None:
    console = Console()
    size = found.hidden_size
    console.print(
        f"[bold]Hidden size {size}[/bold]"
        if size is not None
        else f"[bold]Hidden size at least {found.visible_rank}: its end is not seen[/bold]",
        highlight=False,
    )
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("model", f"{found.source} ({found.vocabulary} tokens)")
    table.add_row("channel", f"{found.channel.family}, error {found.error_sd:.2g} nats a number")
    table.add_row("outputs", str(found.outputs))
    table.add_row("visible", f"{found.visible_rank} dimensions, then a drop by {found.gap:.3g}")
    table.add_row("offset", _offset_words(found.offsets, found.channel))
    if found.same_model is not None:
        same = found.same_model
        word = {True: "the SAME last layer", False: "ANOTHER last layer", None: "cannot be told"}
        table.add_row(
            "identity",
            f"{word[same.same]} as {same.source}: {same.residual:.2g} of an output lies outside "
            f"its image (the same model {same.expected:.2g}, an unrelated one "
            f"{same.unrelated:.2g}; {same.outputs} outputs)",
        )
    console.print(table, highlight=False)
