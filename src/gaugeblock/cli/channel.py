"""``gaugeblock channel``: what did the API do to its logprobs?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from gaugeblock.cli.channel_leak import leak
from gaugeblock.cli.channel_source import Device, Dtype, OpenSource, open_source
from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.card import ChannelCard, write_card
from gaugeblock.logprobs.collect import collect
from gaugeblock.logprobs.page import write_page
from gaugeblock.logprobs.probe import make_card
from gaugeblock.logprobs.rows import Recording, read_recording, write_recording
from gaugeblock.logprobs.store import keep, latest

app = typer.Typer(no_args_is_help=True)
app.command("leak")(leak)


@app.callback()
def _main() -> None:
    """Find out what an API does to its logprobs, and what may still be concluded from them."""


def _ask(source: OpenSource, budget: int, k: int, quiet: bool) -> Recording:
    console = Console(stderr=True)
    with source, Progress(console=console, transient=True, disable=quiet) as progress:
        task = progress.add_task("asking", total=budget)
        return collect(
            source, budget=budget, k=k, progress=lambda n: progress.update(task, completed=n)
        )


def _print(card: ChannelCard) -> None:
    console = Console()
    console.print(f"[bold]{card.sentence}[/bold]", highlight=False)
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("source", card.source)
    table.add_row("answers", f"{card.calls} ({card.grid.rows} distinct rows)")
    evidence = ", ".join(f"{name} {bits:.0f}" for name, bits in card.grid.evidence.items())
    table.add_row("evidence", f"{evidence} bits against no grid")
    table.add_row("repeats", f"{card.repeats.kind}, at most {card.repeats.most_modes} answers")
    table.add_row("temperature", card.temperature.convention)
    if card.sampling.p is not None:
        table.add_row("samples", f"follow the report with p = {card.sampling.p:.3g}")
    if card.text_unchanged is not None:
        same = "leaves the text as it is" if card.text_unchanged else "CHANGES the text"
        table.add_row("asking", f"for logprobs {same}")
    if card.change is not None:
        word = "CHANGED" if card.change.alarm else "no change seen"
        table.add_row("since", f"{word}, p = {card.change.p:.3g} ({card.change.after} rows)")
    for finding in card.hygiene.findings:
        table.add_row("hygiene", f"{finding.code} in {finding.rows} rows: {finding.message}")
    console.print(table, highlight=False)


@app.command()
def probe(
    endpoint: Annotated[
        str | None,
        typer.Argument(
            help="Base URL of an OpenAI-compatible endpoint, a local subject (builtin/base, a "
            "checkpoint directory) or an Inspect model id."
        ),
    ] = None,
    rows: Annotated[
        Path | None, typer.Option(help="Recorded rows (JSON lines) instead of an endpoint.")
    ] = None,
    model: Annotated[str, typer.Option(help="Model name to ask for.")] = "default",
    api: Annotated[
        str, typer.Option(help="Form of the API: chat, completions or responses.")
    ] = "chat",
    key_env: Annotated[
        str, typer.Option(help="Environment variable that holds the API key.")
    ] = "OPENAI_API_KEY",
    budget: Annotated[int, typer.Option(help="Most calls to make.")] = 40,
    k: Annotated[int, typer.Option("--top", help="Tokens to ask for in each answer.")] = 20,
    out: Annotated[
        Path | None, typer.Option(help="Folder for card.json, card.html and rows.jsonl.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="Folder of earlier probes, to see whether it changed.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Rows of an earlier probe to compare with.")
    ] = None,
    device: Device = "cpu",
    dtype: Dtype = "float32",
    as_json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
) -> None:
    """Measure a channel and write its card."""
    if (endpoint is None) == (rows is None):
        raise GaugeblockError(
            "give either an endpoint or --rows FILE",
            remedy="For example: gaugeblock channel probe http://127.0.0.1:8000/v1",
        )
    if rows is not None:
        recording, name = read_recording(rows), rows.name
    else:
        source = open_source(
            endpoint or "", model=model, api=api, key_env=key_env, device=device, dtype=dtype
        )
        name = source.name
        recording = _ask(source, budget, k, quiet=as_json)
    earlier = None
    if against is not None:
        earlier = read_recording(against).rows
    elif store is not None and (kept := latest(store, name)) is not None:
        earlier = kept.rows
    card = make_card(recording, name, before=earlier)
    if store is not None:
        keep(store, name, recording)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_card(out / "card.json", card)
        write_page(out / "card.html", card, recording)
        write_recording(out / "rows.jsonl", recording)
    if as_json:
        typer.echo(card.model_dump_json(indent=1))
    else:
        _print(card)
