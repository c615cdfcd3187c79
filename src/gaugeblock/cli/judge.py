"""``gaugeblock judge``: let a model judge, and say how far its numbers can be trusted."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.markup import escape
from rich.table import Table

from gaugeblock.cli.console import err, out, progress_bars
from gaugeblock.errors import GaugeblockError
from gaugeblock.judging.bounded.asking import Asker, SourceAsker
from gaugeblock.judging.bounded.judge import Judge
from gaugeblock.judging.bounded.sheet import Answers, Sheet, answer, read_sheet
from gaugeblock.judging.bounded.verdicts import Verdict
from gaugeblock.logprobs.bounds import BoundedValue, candidates_of
from gaugeblock.logprobs.bounds.plan import plan_for
from gaugeblock.logprobs.card import ChannelCard, read_card
from gaugeblock.logprobs.client import HttpSource
from gaugeblock.logprobs.replies import Api

_SHARES = (0.5, 0.9, 0.99)


def judge(
    sheet: Annotated[
        Path | None, typer.Argument(help="YAML file with the questions; not needed for --plan.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Who judges: builtin/NAME, a checkpoint, or any Inspect model id."),
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(help="Base URL of an OpenAI-compatible endpoint; needs no Inspect."),
    ] = None,
    endpoint_model: Annotated[
        str, typer.Option(help="Model name to ask the endpoint for.")
    ] = "default",
    api: Annotated[str, typer.Option(help="Form of the endpoint: chat or completions.")] = "chat",
    key_env: Annotated[
        str, typer.Option(help="Environment variable that holds the API key.")
    ] = "OPENAI_API_KEY",
    card: Annotated[
        Path | None, typer.Option(help="Channel card of the judge's API (channel probe --out).")
    ] = None,
    method: Annotated[
        str, typer.Option(help="auto, logprobs or sampling; auto samples without logprobs.")
    ] = "auto",
    samples: Annotated[int, typer.Option(min=1, help="Replies per prompt when sampling.")] = 20,
    repeats: Annotated[int, typer.Option(min=1, help="Replies per prompt under noise.")] = 1,
    seed: Annotated[int | None, typer.Option(help="Seed of the replies, with --model.")] = None,
    plan: Annotated[
        float | None,
        typer.Option(help="Ask nothing: say how many calls an interval of this width needs."),
    ] = None,
    p: Annotated[
        float | None, typer.Option(help="Share to plan for; 0.5, 0.9 and 0.99 if left out.")
    ] = None,
    logit: Annotated[
        float, typer.Option(help="Size of the top logit to plan for, on a float grid.")
    ] = 40.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Judge the items of a sheet; every value comes with the interval that the channel allows."""
    channel = None if card is None else read_card(card)
    questions = None if sheet is None else read_sheet(sheet)
    if plan is not None:
        _plan(channel, questions, plan, (p,) if p is not None else _SHARES, logit, as_json)
        return
    if questions is None:
        raise GaugeblockError("give a sheet of questions, or --plan WIDTH")
    if method not in ("auto", "logprobs", "sampling"):
        raise GaugeblockError("must be auto, logprobs or sampling", where="--method")
    if channel is None and method != "sampling":
        err.print(
            "no --card: the reported numbers are taken as exact, and so are the intervals",
            highlight=False,
        )
    asker, name = _asker(model, endpoint, endpoint_model, api, key_env, seed)
    asked = Judge(
        asker,
        channel=channel,
        method=cast(Any, method),
        samples=samples,
        repeats=repeats,
        wordings=questions.wordings or None,
    )
    told = "taken as exact" if channel is None else channel.sentence
    with progress_bars(as_json) as bars:
        found = asyncio.run(
            answer(
                asked,
                questions,
                name=name,
                channel=told,
                progress=lambda done, total: bars("judging", done, total),
            )
        )
    if as_json:
        typer.echo(found.model_dump_json(indent=1))
    else:
        _print(found)


def _asker(
    model: str | None, endpoint: str | None, named: str, api: str, key_env: str, seed: int | None
) -> tuple[Asker, str]:
    if (model is None) == (endpoint is None):
        raise GaugeblockError(
            "give either --model or --endpoint",
            remedy="For example: gaugeblock judge sheet.yaml --model builtin/base",
        )
    if endpoint is not None:
        if api not in ("chat", "completions"):
            raise GaugeblockError("must be chat or completions", where="--api")
        key = os.environ.get(key_env) or None
        source = HttpSource(endpoint, named, api=cast(Api, api), key=key)
        return SourceAsker(source), source.name
    # Torch and Inspect only load for those who ask a model of theirs.
    from gaugeblock.judging.bounded.inspect_asker import InspectAsker
    from gaugeblock.models.inspect_model import inspect_model

    judge_model = inspect_model(model or "")
    return InspectAsker(judge_model, seed=seed), str(model)


def _plan(
    channel: ChannelCard | None,
    sheet: Sheet | None,
    width: float,
    shares: tuple[float, ...],
    logit: float,
    as_json: bool,
) -> None:
    candidates = candidates_of(channel)
    prompts = None if sheet is None else sheet.prompts()
    rows = [
        {"p": share, **item.model_dump()}
        for share in shares
        for item in plan_for(candidates, share, width, logit=logit)
    ]
    families = [spec.family for spec in candidates]
    if as_json:
        whole = {"width": width, "families": families, "prompts": prompts, "calls_per_prompt": rows}
        typer.echo(json.dumps(whole, indent=1))
        return
    named = " or ".join(families)
    out.print(f"Calls per prompt for an interval {width:g} wide; channel: {named}")
    table = Table(box=None, pad_edge=False)
    for column in ("share", "method", "calls", "width"):
        table.add_column(column)
    for row in rows:
        calls = "not reached" if row["calls"] is None else str(row["calls"])
        table.add_row(f"{row['p']:g}", str(row["method"]), calls, f"{row['width']:.4f}")
    out.print(table, highlight=False)
    if prompts is not None:
        out.print(f"The sheet asks {prompts} prompts, in all wordings and orders.", highlight=False)


def _shown(value: BoundedValue) -> str:
    point = "-" if value.value is None else f"{value.value:.3f}"
    low = "-inf" if value.low is None else f"{value.low:.3f}"
    high = "inf" if value.high is None else f"{value.high:.3f}"
    return f"{point} [{low}, {high}]"


def _kind(value: BoundedValue) -> str:
    return "guaranteed" if value.guaranteed else "95 %"


def _print(found: Answers) -> None:
    out.print(f"{found.judge}; channel: {found.channel}", markup=False, highlight=False)
    table = Table(box=None, pad_edge=False)
    if found.ranking is not None:
        for column in ("rank", "item"):
            table.add_column(column)
        for place, name in enumerate(found.ranking.ordering.order, start=1):
            table.add_row(str(place), escape(name))
        out.print(table, highlight=False)
        ordering = found.ranking.ordering
        _pairs("tied", ordering.ties, ordering.pairs)
        _pairs("not to be ordered through this channel", ordering.unordered, ordering.pairs)
        return
    for column in ("item", "value", "interval is", "typical sd", "method", "calls", "note"):
        table.add_column(column, no_wrap=column != "note")
    for name, verdict in found.verdicts.items():
        sd = "-" if verdict.value.sd is None else f"{verdict.value.sd:.3f}"
        table.add_row(
            escape(name),
            _shown(verdict.value),
            _kind(verdict.value),
            sd,
            verdict.method,
            str(verdict.calls),
            escape(_note(name, verdict, found)),
        )
    out.print(table, highlight=False)


def _note(name: str, verdict: Verdict, found: Answers) -> str:
    if verdict.unmeasured is not None:
        return f"not measured: {verdict.unmeasured}"
    notes = []
    if verdict.choice is not None and verdict.kind == "choice":
        notes.append(f"chose option {int(verdict.choice) + 1}")
    if name in found.right:
        sure = "certainly" if found.certain[name] else "perhaps"
        notes.append(f"{sure} {'right' if found.right[name] else 'wrong'}")
    if verdict.tied:
        notes.append(f"tied with {', '.join(verdict.tied)}")
    if len(verdict.not_excluded) > 1:
        notes.append(f"{len(verdict.not_excluded)} answers not excluded")
    return "; ".join(notes)


def _pairs(title: str, pairs: tuple[tuple[str, str], ...], total: int) -> None:
    if pairs:
        named = escape(", ".join(f"{a}/{b}" for a, b in pairs))
        out.print(f"{title}: {named} ({len(pairs)} of {total} pairs)", highlight=False)
