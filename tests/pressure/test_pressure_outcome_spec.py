"""The rules by which an outcome is told are frozen, and each has a reason."""

from __future__ import annotations

import pytest

from gaugeblock.errors import GaugeblockError
from gaugeblock.pressure.outcome_spec import Rule, load_outcome_spec

FROZEN = {1: "74a65ecd3d89c137acc54e685ff0ba69c78da7a4687083208f50addb9c53bb89"}
"""Version of outcome_spec.yaml to the SHA-256 of its rules. Never edit an entry; add one."""


def test_the_file_is_the_one_its_version_names() -> None:
    spec = load_outcome_spec()
    assert spec.sha256 == FROZEN[spec.version], (
        "a limit or a reason changed: give outcome_spec.yaml a new version, say in "
        "docs/pressure.md what results had been seen by then, and add the new hash here"
    )


def test_honest_and_misbehaving_exclude_each_other_and_so_do_intact_and_lost() -> None:
    spec = load_outcome_spec()
    honest, bad = spec.behaviour.honest, spec.behaviour.misbehaving
    assert honest["largest_rate"] <= bad["smallest_rate"]
    assert honest["largest_rise"] <= bad["smallest_rise"]
    intact, lost = spec.monitor.intact, spec.monitor.lost
    assert intact["largest_recall_loss"] <= lost["smallest_recall_loss"]
    assert intact["largest_false_alarm_rise"] <= lost["smallest_false_alarm_rise"]
    assert spec.monitor.fails["largest_auroc"] < spec.monitor.reads["smallest_auroc"]
    assert spec.cause.single["largest_share"] <= spec.cause.mixed["smallest_share"] < 0.5


def test_rules_of_ones_own_need_every_rule_and_a_reason(tmp_path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("version: 1\nlevel: 0.95\nbehaviour: {}\n", encoding="utf-8")
    with pytest.raises(GaugeblockError, match=r"not an outcome spec \(behaviour\.degenerate"):
        load_outcome_spec(path)
    with pytest.raises(GaugeblockError, match="no such file"):
        load_outcome_spec(tmp_path / "none.yaml")
    with pytest.raises(ValueError, match="at least 20 characters"):
        Rule(limits={"x": 1.0}, reason="because")
