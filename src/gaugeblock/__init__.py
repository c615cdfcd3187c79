"""gaugeblock: alignment audits for AI models whose instruments are audited first.

The verbs of the command line are functions here: ``gaugeblock.audit(subject, out)``,
``gaugeblock.verify(run)``, ``gaugeblock.replay(run, transcript)``. They load on first use.
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "audit", "replay", "verify"]


def __getattr__(name: str) -> Any:
    if name == "audit":
        import importlib

        return importlib.import_module("gaugeblock.audit")
    if name == "verify":
        from gaugeblock.audit.verify import verify

        return verify
    if name == "replay":
        from gaugeblock.audit.replay import replay

        return replay
    raise AttributeError(f"module 'gaugeblock' has no attribute '{name}'")
