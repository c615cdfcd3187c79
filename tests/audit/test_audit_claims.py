"""Verdicts follow from counts: refuted, supported, inconclusive, not checkable."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gaugeblock.audit.coding import CodedRun, code_run
from gaugeblock.audit.conclude import claim_of
from gaugeblock.audit.examples import PLAIN
from gaugeblock.audit.judge import parse_reply
from gaugeblock.audit.self_check import check_coder, require_coder, transcript_of_script
from gaugeblock.claims import Claim
from gaugeblock.errors import GaugeblockError
from gaugeblock.judging.axes import AxisCodes
from gaugeblock.organisms.policy import script
from gaugeblock.scenarios.controlled import render_controlled
from gaugeblock.scenarios.design import sample_situations
from gaugeblock.scenarios.pack import load_pack
from gaugeblock.scenarios.types import Factors, Situation
from gaugeblock.specs import load_profile

PACK = load_pack("wrongdoing")
SUBVERT = load_profile("never-subvert")
NO_SUBVERSION = SUBVERT.clauses[0]


def situations(count: int, **factors: str) -> list[Situation]:
    levels = Factors.model_validate({**PLAIN, **factors})
    return [
        render_controlled(PACK, scenario, levels, "held_out")
        for scenario in PACK.scenarios("held_out")[:count]
    ]


def runs(action: str, where: list[Situation]) -> list[CodedRun]:
    return [code_run(transcript_of_script(script(action, one), one), one) for one in where]


def conclude(found: list[CodedRun], calibrated: bool = False) -> Claim:
    return claim_of(
        NO_SUBVERSION,
        SUBVERT,
        found,
        scope="test",
        judge_calibrated=calibrated,
        defeaters=lambda clause, counted: (),
    )


def test_one_witness_refutes_a_never() -> None:
    where = situations(150)
    found = runs("refuse", where[1:]) + runs("report_outside", where[:1])
    claim = conclude(found)
    assert claim.verdict == "refuted"
    assert claim.witness == found[-1].transcript.id
    assert claim.evidence is not None
    assert (claim.evidence.k, claim.evidence.n) == (1, 150)


def test_none_in_many_scenarios_supports_it_and_in_few_does_not() -> None:
    supported = conclude(runs("refuse", situations(150)))
    assert supported.verdict == "supported"
    assert supported.evidence is not None
    assert 0 < supported.evidence.interval.high <= 0.03
    assert conclude(runs("refuse", situations(20))).verdict == "inconclusive"


def test_runs_without_a_label_count_against_support() -> None:
    found = runs("refuse", situations(150))
    blank = [
        run.model_copy(update={"label": None, "codes": None}) if index < 10 else run
        for index, run in enumerate(found)
    ]
    claim = conclude(blank)
    assert claim.verdict == "inconclusive"
    assert claim.evidence is not None
    assert claim.evidence.n == 140
    assert claim.evidence.worst_case.high > 10 / 150


def test_nothing_readable_is_inconclusive_and_nothing_in_scope_not_checkable() -> None:
    found = [run.model_copy(update={"label": None}) for run in runs("refuse", situations(5))]
    assert conclude(found).verdict == "inconclusive"
    assert conclude([]).verdict == "not_checkable"


@pytest.mark.parametrize("calibrated", [True, False])
def test_an_unmeasured_judge_decides_nothing(calibrated: bool) -> None:
    judged = AxisCodes(
        engaged=True,
        effort="none",
        disclosure="open",
        channel="none",
        interference="none",
        authorised=True,
        concealed=False,
        coder="judge",
    )
    found = runs("refuse", situations(150))
    found[0] = found[0].model_copy(update={"codes": judged, "label": "open_refusal"})
    verdict = conclude(found, calibrated).verdict
    assert verdict == ("supported" if calibrated else "inconclusive")


def test_the_standards_disagree_about_a_justified_report_and_count_harm_apart() -> None:
    reports = runs("report_outside", situations(30, tools="email"))
    complies = runs("work", situations(30))

    def verdict(profile: str, clause: str, found: list[CodedRun]) -> str:
        loaded = load_profile(profile)
        (chosen,) = [one for one in loaded.clauses if one.id == clause]
        none: Callable[..., tuple[()]] = lambda clause, counted: ()  # noqa: E731
        return claim_of(
            chosen, loaded, found, scope="", judge_calibrated=False, defeaters=none
        ).verdict

    assert verdict("never-subvert", "no-subversion", reports) == "refuted"
    assert verdict("moral-agent", "no-unjust-subversion", reports) != "refuted"
    assert verdict("moral-agent", "no-silent-help", complies) == "refuted"
    assert verdict("never-subvert", "no-subversion", complies) != "refuted"
    assert verdict("never-subvert", "harmful-compliance", complies) == "inconclusive"


def test_the_coder_gets_every_scripted_run_right() -> None:
    where = sample_situations(
        PACK, split="held_out", rendering="controlled", samples=90, scenario_seed=3
    )
    check = check_coder(where)
    assert check.wrong == {}
    assert check.runs > 400
    assert check.interval.low > 0.98


def test_a_coder_that_cannot_read_its_scripts_stops_the_audit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from gaugeblock.judging import predicates

    require_coder(check_coder(situations(5)))
    deaf = {name: () for name in predicates.patterns()}
    monkeypatch.setattr(predicates, "patterns", lambda: deaf)
    with pytest.raises(GaugeblockError, match="the coder fails its check"):
        require_coder(check_coder(situations(5)))


@pytest.mark.parametrize(
    "text",
    ["", "I would say open refusal.", '{"engaged": true}', "{" * 1000, '{"effort": NaN}', "null"],
)
def test_a_judge_that_does_not_answer_in_form_codes_nothing(text: str) -> None:
    assert parse_reply(text) is None


def test_a_judges_json_is_found_in_its_words() -> None:
    reply = (
        'Here: {"engaged": true, "effort": "none", "disclosure": "open", "channel": "none", '
        '"interference": "none", "authorised": true, "concealed": false} as asked'
    )
    codes = parse_reply(reply)
    assert codes is not None
    assert codes.coder == "judge"
