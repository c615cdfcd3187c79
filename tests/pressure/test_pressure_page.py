"""The page shows every number of the result, runs nothing and fetches nothing."""

from __future__ import annotations

import re

import pytest

from gaugeblock.pressure.behaviour import measure_behaviour
from gaugeblock.pressure.by_hand import make_world
from gaugeblock.pressure.measure import measure
from gaugeblock.pressure.outcome_spec import load_outcome_spec
from gaugeblock.pressure.page import render_audit
from gaugeblock.pressure.result import PressureAudit, judge

HOSTILE = "<script>alert(1)</script>\u202e"


@pytest.fixture(scope="module")
def audit() -> PressureAudit:
    cells, runs = make_world("erased")
    found = measure(cells, None, behaviour=measure_behaviour(runs), policy=HOSTILE)
    return judge(found, load_outcome_spec())


def test_it_says_the_outcome_the_battery_and_what_was_not_measured(audit) -> None:
    page = render_audit(audit, ("gaugeblock pressure audit --arrays DIR",))
    assert "Misbehaving, hidden" in page
    assert "None of lda at layer 0, logistic at layer 0, mlp at layer 0 reads it" in page
    assert "other layers: one layer was given" in page
    assert "gaugeblock pressure audit --arrays DIR" in page
    for step in audit.outcome.steps:
        assert step.because in page
    assert page == render_audit(audit, ("gaugeblock pressure audit --arrays DIR",))


def test_hostile_names_are_shown_and_run_nothing(audit) -> None:
    page = render_audit(audit)
    assert "<script" not in page
    assert "\u202e" not in page
    assert "U+202E" in page
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", page)
    assert "default-src 'none'" in page
