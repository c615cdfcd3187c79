"""The ladder's limits are frozen: a change needs a new version and a reason."""

from __future__ import annotations

import hashlib
from importlib import resources

from gaugeblock.certify.criteria import load_criteria
from gaugeblock.certify.trials import TRIALS

FROZEN = {
    2: "0a0c52661a03681549c72432b6efd444c0f8909411397a08b264b3e6bfdba13b",
    3: "dee331e77d82f2ee5648b3e1655ceec842bd0d493e5331aa348252f044452994",
}
"""Version of criteria.yaml to the SHA-256 of its rules. Never edit an entry; add one."""


def test_the_file_is_the_one_its_version_names() -> None:
    criteria = load_criteria()
    rules = criteria.model_dump_json(include={"rungs"})
    assert hashlib.sha256(rules.encode()).hexdigest() == FROZEN[criteria.version], (
        "a limit, a trial or a reason changed: give criteria.yaml a new version, say in "
        "docs/certificates.md what had been seen by then, and add the new hash here"
    )


def test_every_trial_has_a_rule_and_every_limit_that_stops_a_claim_a_reason() -> None:
    rules = {n: r for rung in load_criteria().rungs.values() for n, r in rung.trials.items()}
    assert list(rules) == list(TRIALS)
    assert all(rule.reason for rule in rules.values() if rule.required)


def test_the_file_says_how_to_change_it() -> None:
    text = resources.files("gaugeblock.certify").joinpath("criteria.yaml").read_text()
    assert "new version" in text
