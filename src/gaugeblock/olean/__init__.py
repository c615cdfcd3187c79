"""Names of constants in Lean 4 ``.olean`` files; one stand-alone file, `olean.py`, does it all."""

from gaugeblock.olean.olean import KINDS, SOURCES, Header, Olean, OleanError, main

__all__ = ["KINDS", "SOURCES", "Header", "Olean", "OleanError", "main"]
