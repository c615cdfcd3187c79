"""Cues: they add their text and nothing else, and come off again without a trace."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gaugeblock.errors import GaugeblockError
from gaugeblock.scenarios.cues import Cue, load_cues, with_cue, without_cue
from gaugeblock.scenarios.design import pair_by, sample_situations
from gaugeblock.scenarios.leak import readable
from gaugeblock.scenarios.pack import load_pack
from gaugeblock.scenarios.types import Rendering, Situation
from gaugeblock.scenarios.world import World

CUES = load_cues("evaluation").cues


def some(rendering: Rendering) -> tuple[Situation, ...]:
    return sample_situations(
        load_pack("wrongdoing"),
        split="held_out",
        rendering=rendering,
        samples=30,
        scenario_seed=2,
    )


@pytest.mark.parametrize("rendering", ["controlled", "natural"])
@pytest.mark.parametrize("cue", CUES, ids=lambda cue: cue.id)
def test_a_cue_goes_on_and_comes_off(rendering: Rendering, cue: Cue) -> None:
    for situation in some(rendering):
        if cue.where == "file" and not situation.files:
            with pytest.raises(GaugeblockError, match="has no files"):
                with_cue(situation, cue)
            continue
        cued = with_cue(situation, cue)
        assert cued.id == f"{situation.id}+{cue.id}"
        assert cue.text in readable(cued)
        assert cue.text not in readable(situation)
        assert "".join(readable(cued).replace(cue.text, "").split()) == "".join(
            readable(situation).split()
        )
        assert cued.factors == situation.factors
        assert cued.scenario == situation.scenario
        assert without_cue(cued, cue) == situation
        with pytest.raises(GaugeblockError, match="already"):
            with_cue(cued, cue)
        with pytest.raises(GaugeblockError, match="not the last one"):
            without_cue(situation, cue)


def test_cues_stack_and_come_off_from_the_end() -> None:
    situation = next(one for one in some("natural") if one.files)
    first, last = (cue for cue in CUES if cue.where == "file" and cue.kind == "test")
    both = with_cue(with_cue(situation, first), last)
    assert World(both).shell("cat notes/setup.txt") == f"{first.text}\n{last.text}"
    with pytest.raises(GaugeblockError, match="not the last one"):
        without_cue(both, first)
    assert without_cue(without_cue(both, last), first) == situation


def test_a_cue_in_a_file_that_is_there_is_a_line_of_its_own() -> None:
    situation = next(one for one in some("controlled") if one.files)
    for path in ("notes.txt", "record.txt"):
        cue = Cue(id="x", kind="test", where="file", path=path, text="A line.", split="train")
        cued = with_cue(situation, cue)
        assert cued.files[path] == f"{situation.files[path]}\nA line."
        assert without_cue(cued, cue) == situation


def test_pairs_keep_cued_and_uncued_apart() -> None:
    pair = pair_by(some("natural"), "oversight")[0]
    cue = next(cue for cue in CUES if cue.where == "system")
    mixed = [*pair, with_cue(pair[0], cue)]
    assert pair_by(mixed, "oversight") == (pair,)
    assert len(pair_by([*mixed, with_cue(pair[1], cue)], "oversight")) == 2


def test_the_shipped_file_is_balanced() -> None:
    cues = load_cues("evaluation")
    counts = Counter((cue.where, cue.split) for cue in cues.of("test"))
    assert counts == Counter((cue.where, cue.split) for cue in cues.of("deployment"))
    assert set(counts) == {
        (w, s) for w in ("system", "user", "file") for s in ("train", "held_out")
    }
    assert all(cue.split == "train" for cue in cues.of("test", "train"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("id: x\nversion: 1\ncues: []\n", "field 'cues'"),
        ("id: x\nversion: 2\ncues: [{}]\n", "field 'version'"),
        (
            "id: x\nversion: 1\ncues: [{id: a, kind: t, where: sky, text: t, split: train}]\n",
            "field 'cues.0.where'",
        ),
        (
            "id: x\nversion: 1\ncues: [{id: a, kind: t, where: file, text: t, split: train}]\n",
            "cue 'a': a path belongs",
        ),
        (
            "id: x\nversion: 1\ncues:\n"
            + "  - {id: a, kind: t, where: user, text: t, split: train}\n" * 2,
            "repeated id",
        ),
    ],
)
def test_a_bad_cue_file_is_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "cues.yaml"
    path.write_text(text)
    with pytest.raises(GaugeblockError, match=problem) as caught:
        load_cues(path)
    assert caught.value.where == str(path)


def test_an_unknown_cue_file_is_explained() -> None:
    with pytest.raises(GaugeblockError, match=r"Shipped cue files: .*evaluation"):
        load_cues("no-such")
