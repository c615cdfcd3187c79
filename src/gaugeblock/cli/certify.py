"""``gaugeblock certify``: a detector, and how far up the ladder it gets."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from gaugeblock.scenarios.types import Rendering


def certify(
    subject: Annotated[str, typer.Option(help="Subject id or directory of a local model.")],
    out: Annotated[Path, typer.Option(help="Directory for certificate.json and .html.")],
    concept: Annotated[
        str,
        typer.Option(
            help="truth or horses, a CSV with statement and label, or PACK:FACTOR=LEVEL,LEVEL."
        ),
    ] = "truth",
    probe: Annotated[
        str, typer.Option(help="mass-mean, lda, logistic, mlp, sae or mahalanobis.")
    ] = "mass-mean",
    blind: Annotated[
        Path | None,
        typer.Option(help="Certify this detector file; its origin stays unread."),
    ] = None,
    layer: Annotated[
        int | None, typer.Option(help="Block to read; chosen on training groups if not given.")
    ] = None,
    away: Annotated[
        list[str] | None,
        typer.Option(help="With a CSV: NAME=FILE, another kind of text to try it on."),
    ] = None,
    group: Annotated[
        list[str] | None, typer.Option(help="With a CSV: column that names twins.")
    ] = None,
    pattern: Annotated[
        str | None, typer.Option(help="With a CSV: regular expression that captures the group.")
    ] = None,
    control: Annotated[
        list[str] | None,
        typer.Option(
            help="Texts that only look like the concept: NAME=FILE of a CSV, or a further LEVEL."
        ),
    ] = None,
    ask: Annotated[
        str | None,
        typer.Option(help="With a CSV: what a language model is asked, {text} in it."),
    ] = None,
    answers: Annotated[
        str | None,
        typer.Option(help="The answer for the concept, a comma, the other (to --ask: Yes,No)."),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(help="With PACK:FACTOR=LEVEL,LEVEL: FACTOR=LEVEL that all texts share."),
    ] = None,
    rendering: Annotated[
        Rendering | None,
        typer.Option(help="With PACK:…: how prompts are written (builtin: controlled)."),
    ] = None,
    chat: Annotated[
        bool,
        typer.Option(help="Texts are a user's message in the model's own chat template."),
    ] = False,
    reply: Annotated[
        str, typer.Option(help="In a chat: how the reply begins, up to where it is read.")
    ] = "",
    drifted: Annotated[
        list[str] | None,
        typer.Option(help="A model fine-tuned from the subject, to read the detector on again."),
    ] = None,
    pressure: Annotated[
        list[Path] | None,
        typer.Option(help="Audit of a training against it, or a directory of them (repeatable)."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the split and every random draw.")] = 0,
    threads: Annotated[
        int, typer.Option(min=1, help="CPU threads; more pay for large models on idle cores.")
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Try to falsify what a detector is said to have found, and say what it survived."""
    from gaugeblock.certify.page import render_certificate
    from gaugeblock.certify.pressed import read_pressed, with_pressures
    from gaugeblock.certify.run import certify_blind, certify_probe, pooled_family
    from gaugeblock.certify.subject import open_subject
    from gaugeblock.cli.certify_concept import ConceptOptions
    from gaugeblock.cli.console import err

    pressed = [run for path in pressure or () for run in read_pressed(path)]
    options = ConceptOptions(
        concept=concept,
        away=away or (),
        control=control or (),
        group=group or (),
        pattern=pattern,
        ask=ask,
        answers=answers,
        fix=fix or (),
        rendering=rendering,
        chat=chat,
        reply=reply,
        seed=seed,
    )
    asked = options.read(blind is not None)
    family = pooled_family(probe)
    with err.status("Loading the model") as status:
        model = open_subject(subject, threads)
        model, statements = options.meet(model, asked)
        if options.is_csv and ask is None and not model.encoder:
            assert statements.answers is not None
            err.print(
                f"The model is asked '{statements.answers.prompt}', the question of the shipped "
                "concept of truth; name another with --ask.",
                markup=False,
            )
        tuned = [open_subject(other, threads) for other in drifted or ()]
        if blind is not None:
            found = certify_blind(
                model, statements, blind, seed=seed, drifted=tuned, say=status.update
            )
        else:
            out.mkdir(parents=True, exist_ok=True)
            found = certify_probe(
                model,
                statements,
                family,
                layer=layer,
                seed=seed,
                out=out,
                drifted=tuned,
                say=status.update,
            )
    found = with_pressures(found, pressed)
    out.mkdir(parents=True, exist_ok=True)
    command = shlex.join(["gaugeblock", *sys.argv[1:]])
    (out / "certificate.json").write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    (out / "certificate.html").write_text(render_certificate(found, (command,)), encoding="utf-8")
    summary = {
        "highest": found.highest,
        "stopped_by": found.stopped_by,
        "stopped_because": found.stopped_because,
        "pressed": found.pressed,
        "exists": found.exists,
        "for_all": found.for_all,
        "trials": {trial.id: trial.outcome for trial in found.trials},
        "certificate": str(out / "certificate.json"),
        "page": str(out / "certificate.html"),
    }
    if as_json:
        typer.echo(json.dumps(summary))
        return
    typer.echo(f"highest rung: {found.highest}")
    if found.stopped_by:
        trial = next((one for one in found.trials if one.id == found.stopped_by), None)
        unmeasured = trial is not None and trial.outcome == "not measured"
        how = ", which could not be measured" if unmeasured else ""
        typer.echo(f"stopped by {found.stopped_by}{how}: {found.stopped_because}")
    if found.pressed:
        typer.echo(found.pressed)
    typer.echo(found.exists)
    typer.echo(found.for_all)
    typer.echo(f"page: {out / 'certificate.html'}")
