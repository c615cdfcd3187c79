"""Fixtures of the report's tests."""

from __future__ import annotations

import pytest
from report_samples import enforcer_report

from gaugeblock.report import Report


@pytest.fixture(scope="session")
def report() -> Report:
    """The report of an enforcer, with hostile transcripts in its random sample."""
    return enforcer_report()
