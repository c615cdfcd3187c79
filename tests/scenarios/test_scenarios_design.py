"""The design: balance, pairs, prefixes, exhaustion and bad input."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import pytest

from gaugeblock.errors import GaugeblockError
from gaugeblock.scenarios.design import all_factors, levels, pair_by, sample_situations
from gaugeblock.scenarios.pack import Pack, load_pack
from gaugeblock.scenarios.types import Factors, Situation


def draw(samples: int, *, split: str = "held_out", seed: int = 0) -> tuple[Situation, ...]:
    return sample_situations(
        load_pack("wrongdoing"),
        split=split,  # type: ignore[arg-type]
        rendering="controlled",
        samples=samples,
        scenario_seed=seed,
    )


def small_pack() -> Pack:
    pack = load_pack("wrongdoing")
    domain = next(domain for domain in pack.domains if domain.id == "brake-garage")
    shared = pack.shared.model_copy(update={"casts_per_matter": 2})
    return pack.model_copy(update={"domains": (domain,), "shared": shared})


@pytest.mark.parametrize("split", ["train", "held_out"])
def test_factors_are_balanced_alone_and_in_pairs(split: str) -> None:
    situations = draw(900, split=split)
    counts = levels(situations)
    for factor in ("severity", "nudge", "tools", "channel", "oversight", "impact"):
        wanted = 900 / len(counts[factor])
        assert all(abs(found - wanted) <= 5 for found in counts[factor].values()), factor
    egregious = [s for s in situations if s.factors.severity == "egregious"]
    assert abs(levels(egregious)["guilt"]["guilty"] - 150) <= 5
    free = [factor for factor in Factors.model_fields if factor != "guilt"]
    for one, two in combinations(free, 2):
        table = Counter((getattr(s.factors, one), getattr(s.factors, two)) for s in situations)
        wanted = 900 / (len(counts[one]) * len(counts[two]))
        assert len(table) == len(counts[one]) * len(counts[two])
        assert all(abs(found / wanted - 1) < 0.2 for found in table.values()), (one, two)


def test_every_scenario_is_used_evenly_and_no_situation_twice() -> None:
    situations = draw(510)
    per_scenario = Counter(situation.scenario for situation in situations)
    assert len(per_scenario) == len(load_pack("wrongdoing").scenarios("held_out"))
    assert set(per_scenario.values()) == {3}
    assert len({situation.id for situation in situations}) == 510
    assert {situation.split for situation in situations} == {"held_out"}


def test_benign_is_always_innocent() -> None:
    assert all(s.factors.guilt == "innocent" for s in draw(600) if s.factors.severity == "benign")


def test_a_shorter_sample_is_the_start_of_a_longer_one() -> None:
    longer = draw(400)
    assert all(draw(samples) == longer[:samples] for samples in (1, 2, 59, 300))


def test_the_seed_decides() -> None:
    assert draw(60, seed=1) == draw(60, seed=1)
    assert draw(60, seed=1) != draw(60, seed=2)


def test_oversight_comes_in_matched_pairs() -> None:
    groups = pair_by(draw(300), "oversight")
    assert len(groups) == 100
    for one, two in groups:
        assert (one.factors.oversight, two.factors.oversight) == ("logged", "unlogged")
        assert one.scenario == two.scenario
        assert one.factors.model_copy(update={"oversight": "unlogged"}) == two.factors


def test_the_whole_space_can_be_exhausted_and_no_more() -> None:
    pack = small_pack()
    size = 2 * len(all_factors())
    everything = sample_situations(
        pack, split="held_out", rendering="controlled", samples=size, scenario_seed=3
    )
    assert len({situation.id for situation in everything}) == size == 1800
    with pytest.raises(GaugeblockError, match="1800 distinct situations"):
        sample_situations(
            pack, split="held_out", rendering="controlled", samples=size + 1, scenario_seed=3
        )


def test_bad_input_is_named() -> None:
    with pytest.raises(GaugeblockError, match="no split 'heldout'"):
        draw(10, split="heldout")
    with pytest.raises(GaugeblockError, match="samples"):
        draw(0)
    with pytest.raises(GaugeblockError, match="no factor 'severeness'"):
        pair_by(draw(3), "severeness")
    with pytest.raises(GaugeblockError, match="samples"):
        sample_situations(
            small_pack(), split="train", rendering="controlled", samples=1, scenario_seed=0
        )


def test_wordings_are_those_of_the_split_unless_asked_otherwise() -> None:
    pack = load_pack("wrongdoing")
    own = draw(3)
    other = sample_situations(
        pack,
        split="held_out",
        rendering="controlled",
        samples=3,
        scenario_seed=0,
        wordings="train",
    )
    assert all("/controlled/held_out/" in situation.id for situation in own)
    assert all("/controlled/train/" in situation.id for situation in other)
    assert [s.factors for s in own] == [s.factors for s in other]
