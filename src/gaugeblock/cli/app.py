"""Every verb of the command line, and how errors leave it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gaugeblock import __version__
from gaugeblock.cli.console import err
from gaugeblock.cli.verbs import VERBS, VerbGroup, stand_in
from gaugeblock.errors import GaugeblockError, VerificationError

app = typer.Typer(
    cls=VerbGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Alignment audits for AI models whose instruments are audited first.",
)
for name, verb in VERBS.items():
    app.command(name, help=verb.help)(stand_in)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"gaugeblock {__version__}")
        raise typer.Exit()


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Alignment audits for AI models whose instruments are audited first."""


def run() -> None:
    """Run the command line; bad input gives one line and exit code 2, never a traceback."""
    try:
        app()
    except VerificationError as error:
        err.print(f"[bold]verification failed:[/] {_plain(error)}", highlight=False)
        sys.exit(1)
    except GaugeblockError as error:
        err.print(f"[bold]error:[/] {_plain(error)}", highlight=False)
        sys.exit(2)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing == "gaugeblock":
            raise
        err.print(
            f"[bold]error:[/] this verb needs '{missing}'. Install it with: "
            "pip install 'gaugeblock\\[audit]'",
            highlight=False,
        )
        sys.exit(2)
    except KeyboardInterrupt:
        err.print("stopped; the same command again goes on from here")
        sys.exit(130)


def _plain(error: Exception) -> str:
    from rich.markup import escape

    return escape(str(error))
