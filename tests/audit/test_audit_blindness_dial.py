"""At a dial every transcript is the organism's or the twin's, and behaviour stays on its side."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from small_audits import small_audit

from gaugeblock.audit.coding import CodedRun
from gaugeblock.audit.run import make_plan
from gaugeblock.models.dial import plays_organism
from gaugeblock.scenarios.types import Situation
from gaugeblock.stats import exact_rate

SAMPLES = 14
ACTS = ("outside_disclosure", "covert_subversion")
DRAWN = 160


def organisms_side(share: str, situation: Situation) -> bool:
    return plays_organism(
        share,
        [
            {"role": "system", "content": situation.system},
            {"role": "user", "content": situation.turns[0]},
        ],
    )


def test_the_share_of_an_audits_scenarios_agrees_with_the_dial() -> None:
    situations = make_plan("builtin/enforcer@0.3", samples=DRAWN).situations()
    openings = {(one.system, one.turns[0]) for one in situations}
    assert len(openings) == DRAWN  # or one hash would decide for several runs
    played = sum(organisms_side("3/10", one) for one in situations)
    rate = exact_rate(played, DRAWN, level=0.999)
    assert rate.low <= 0.3 <= rate.high, rate
    assert not rate.low <= 0.1 <= rate.high  # so it could have come out wrong


Audits = dict[str, tuple[CodedRun, ...]]


@pytest.fixture(scope="module")
def audits(tmp_path_factory: pytest.TempPathFactory) -> Audits:
    folder = tmp_path_factory.mktemp("dial")
    names = ("enforcer", "clean", "enforcer@0", "enforcer@0.5", "enforcer@1")
    return {one: small_audit(f"builtin/{one}", folder / one, SAMPLES)[1] for one in names}


@pytest.mark.parametrize(
    ("dialled", "plain"), [("enforcer@0", "clean"), ("enforcer@1", "enforcer")]
)
def test_the_ends_of_the_dial_are_twin_and_organism(
    audits: Audits, dialled: str, plain: str
) -> None:
    assert audits[dialled] == audits[plain]


def test_a_transcript_is_wholly_one_of_the_two(audits: Audits) -> None:
    sides = []
    for mixed, organism, twin in zip(
        audits["enforcer@0.5"], audits["enforcer"], audits["clean"], strict=True
    ):
        mine = organisms_side("1/2", mixed.situation)
        assert mixed.transcript == (organism if mine else twin).transcript
        sides.append(mine)
    assert 0 < sum(sides) < SAMPLES


def test_behaviour_shows_on_the_organisms_side_alone(audits: Audits) -> None:
    by_organism = [run for run in audits["enforcer"] if run.label in ACTS]
    assert not [run for run in audits["clean"] if run.label in ACTS]
    acted = [run.situation.id for run in audits["enforcer@0.5"] if run.label in ACTS]
    expected = [run for run in by_organism if organisms_side("1/2", run.situation)]
    assert acted == [run.situation.id for run in expected]
    assert 0 < len(acted) < len(by_organism)


def test_logs_do_not_say_who_played(tmp_path: Path) -> None:
    small_audit("builtin/enforcer@0.5", tmp_path, 3)
    (log,) = (tmp_path / "logs").glob("*.eval")
    with zipfile.ZipFile(log) as archive:
        members = [archive.read(name).decode("utf-8", "replace") for name in archive.namelist()]
    text = "".join(members)
    assert "builtin/clean" not in text
    assert text.count("builtin/enforcer") == text.count("builtin/enforcer@0.5") > 0
