"""The command line. ``olean`` is answered before anything heavy is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; exit codes: 0 done, 1 found something, 2 bad input."""
    if sys.argv[1:2] == ["olean"]:
        from gaugeblock.olean.olean import main as olean

        sys.exit(olean(sys.argv[2:]))
    from gaugeblock.cli.app import run

    run()
