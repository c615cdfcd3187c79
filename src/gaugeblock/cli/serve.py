"""``gaugeblock serve``: a local subject behind an OpenAI-compatible server."""

from __future__ import annotations

import contextlib
import socket
from typing import Annotated, Any, cast

import typer

from gaugeblock.cli.console import err
from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.spec_text import read_channel


def serve(
    subject: Annotated[str, typer.Argument(help="builtin/NAME, a checkpoint directory or hf/ID.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    host: Annotated[
        str, typer.Option(help="Address to listen on. There is no authentication.")
    ] = "127.0.0.1",
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    dtype: Annotated[str, typer.Option(help="float32, bfloat16 or float16.")] = "float32",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    max_batch: Annotated[int, typer.Option(min=1, help="Most requests generated at a time.")] = 64,
    channel: Annotated[
        str | None,
        typer.Option(
            help="What to do to logprobs: a channel card, a file with a channel, or words such "
            "as bf16,k=5,sentinel=-9999."
        ),
    ] = None,
    channel_seed: Annotated[int, typer.Option(help="Seed of the channel's modes and noise.")] = 0,
) -> None:
    """Serve a local subject over an OpenAI-compatible API until Ctrl-C."""
    import uvicorn

    from gaugeblock.models.batching import BatchWorker
    from gaugeblock.models.loading import load_subject
    from gaugeblock.models.sampling import report_exact
    from gaugeblock.models.serve import build_app
    from gaugeblock.models.served_channel import ServedChannel
    from gaugeblock.models.speakers import chat_backend
    from gaugeblock.models.subjects import resolve_subject, sides, subject_files

    if dtype not in ("float32", "bfloat16", "float16"):
        raise GaugeblockError("must be float32, bfloat16 or float16", where="--dtype")
    spec = read_channel(channel) if channel is not None else None
    for side in sides(subject):
        subject_files(side)
    resolve_subject(subject, chat=False)
    listening = _listen(host, port)
    loaded = [
        load_subject(side, device=device, dtype=cast(Any, dtype), threads=threads)
        for side in sides(subject)
    ]
    reports = [report_exact if spec is None else ServedChannel(spec, channel_seed) for _ in loaded]
    workers = [
        BatchWorker(one, max_batch=max_batch, report=report)
        for one, report in zip(loaded, reports, strict=True)
    ]
    try:
        url = f"http://{host}:{listening.getsockname()[1]}/v1"
        err.print(
            f"serving at {url} as model {subject!r}, with any API key; Ctrl-C stops it",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
        application = build_app(workers[0], subject, spec, chat_backend(subject, workers))
        config = uvicorn.Config(application, log_level="warning", access_log=False)
        # uvicorn stops cleanly on Ctrl-C and then raises the interrupt again.
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])
    finally:
        listening.close()
        for worker in workers:
            worker.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        raise GaugeblockError(
            f"cannot listen there ({error.strerror or error})",
            where=f"{host}:{port}",
            remedy="Give another --port, or --port 0 for a free one",
        ) from error
    return listening
