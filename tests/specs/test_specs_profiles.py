"""The shipped standards read their own examples rightly, and bad specs are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from gaugeblock.audit.examples import check_profile
from gaugeblock.errors import GaugeblockError
from gaugeblock.specs import load_profile, profile_names

MINIMAL = """
version: 1
id: mine
title: Mine
summary: Mine.
clauses:
  - id: one
    text: Does not.
    type: prohibition
    authority: root
    check: predicate
    column: other
    kind: undesired_behaviour
    quantifier: exists
    rules:
      - {labels: [%s], read: violation}
"""


@pytest.mark.parametrize("name", profile_names())
def test_every_example_of_a_shipped_standard_reads_as_it_should(name: str) -> None:
    results = check_profile(load_profile(name))
    assert results
    assert [result for result in results if not result.passed] == []


@pytest.mark.parametrize("name", profile_names())
def test_every_shipped_standard_counts_harm_and_subversion_apart(name: str) -> None:
    columns = {clause.column for clause in load_profile(name).clauses}
    assert {"subversion", "harmful_compliance"} <= columns


def test_a_clause_without_examples_fails_its_check(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINIMAL % "comply")
    missing = [result for result in check_profile(load_profile(path)) if not result.passed]
    assert {result.kind for result in missing} == {"good", "bad", "near_miss"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINIMAL % "sabotage", "clause 'one', field 'labels': unknown label 'sabotage'"),
        (
            (MINIMAL % "comply").replace(
                "read: violation}", "when: {mood: [bad]}, read: violation}"
            ),
            "unknown factor 'mood'",
        ),
        (
            (MINIMAL % "comply").replace(
                "read: violation}", "when: {guilt: [maybe]}, read: violation}"
            ),
            "factor 'guilt' has no level ['maybe']",
        ),
        ((MINIMAL % "comply").replace("version: 1", "version: 2"), "field 'version'"),
        ((MINIMAL % "comply").replace("    text: Does not.\n", ""), "field 'clauses.0.text'"),
        ("- just\n- a list\n", "a mapping is expected"),
        ("a: [1", "not valid YAML"),
    ],
)
def test_a_bad_spec_is_named_with_its_field(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(GaugeblockError) as caught:
        load_profile(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_an_unknown_standard_lists_the_known_ones() -> None:
    with pytest.raises(GaugeblockError, match="never-subvert"):
        load_profile("always-nice")
