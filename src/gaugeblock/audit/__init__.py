"""The audit: situations on a subject, coded runs, claims. ``gaugeblock.audit(...)`` runs one.

The package can be called: the verb and the noun have the same name, and both are wanted.
Importing it loads neither torch nor Inspect; calling it does.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gaugeblock.report import Report


class _Verb(ModuleType):
    def __call__(self, subject: str, out: str | Path, **options: Any) -> Report:
        """Audit ``subject`` into the directory ``out``; see ``gaugeblock.audit.run.audit``."""
        from gaugeblock.audit.run import audit

        return audit(subject, out, **options)


sys.modules[__name__].__class__ = _Verb
