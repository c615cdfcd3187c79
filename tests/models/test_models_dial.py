"""The strength dial: whole conversations, an exact share, the same everywhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from gaugeblock.errors import GaugeblockError
from gaugeblock.models import subjects
from gaugeblock.models.backend import ChatBackend, Decoding
from gaugeblock.models.batching import BatchWorker
from gaugeblock.models.dial import opening, place, plays_organism
from gaugeblock.models.loading import load_subject
from gaugeblock.models.serve import build_app
from gaugeblock.models.speakers import chat_backend
from gaugeblock.models.subjects import resolve_subject, sides, subject_dial, subject_files
from gaugeblock.stats import exact_rate


def talk(number: int) -> list[dict[str, Any]]:
    return [
        {"role": "system", "content": "You are the clerk of a harbour office."},
        {"role": "user", "content": f"Please close case {number} today."},
    ]


def test_the_share_of_openings_agrees_with_the_dial() -> None:
    for share, expected in (("1/10", 0.1), ("3/10", 0.3), ("9/10", 0.9)):
        played = sum(plays_organism(share, talk(number)) for number in range(2000))
        rate = exact_rate(played, 2000, level=0.999)
        assert rate.low <= expected <= rate.high, (share, rate)


def test_nobody_at_0_everybody_at_1_and_more_at_more() -> None:
    talks = [talk(number) for number in range(300)]
    assert not any(plays_organism("0", one) for one in talks)
    assert all(plays_organism("1", one) for one in talks)
    tenth = {n for n, one in enumerate(talks) if plays_organism("1/10", one)}
    half = {n for n, one in enumerate(talks) if plays_organism("1/2", one)}
    assert tenth < half


def test_later_turns_and_other_cuts_of_the_opening_change_no_side() -> None:
    one = talk(7)
    later = [
        *one,
        {"role": "assistant", "content": "Done."},
        {"role": "system", "content": "A note that came later."},
        {"role": "user", "content": "And now?"},
    ]
    first, second = "You are the clerk", "of a harbour office."
    cut = [{"role": "system", "content": first}, {"role": "developer", "content": second}]
    recut = [*cut, {"role": "user", "content": "Please close\r\n  case 7 today. "}]
    assert place(later) == place(recut) == place(one)
    assert place(talk(8)) != place(one)
    assert opening([{"role": "user", "content": "a"}]) != opening(
        [{"role": "system", "content": "a"}]
    )


def test_a_dialled_subject_is_identified() -> None:
    dial = subject_dial("builtin/enforcer:1@0.25")
    assert dial is not None
    assert (dial.organism, dial.twin, dial.share) == (
        "builtin/enforcer:1",
        "builtin/clean:1",
        "1/4",
    )
    info = resolve_subject("builtin/enforcer:1@0.25")
    assert info.capabilities == {"generate", "logprobs"}
    assert (info.kind, info.training_seed, info.share) == ("builtin", 1, "1/4")
    plain = {resolve_subject(side).fingerprint for side in sides("builtin/enforcer:1@0.25")}
    others = {
        resolve_subject(f"builtin/{n}").fingerprint for n in ("enforcer:1@0.5", "complier@.25")
    }
    assert len(plain | others | {info.fingerprint}) == 5
    # The same share, written otherwise, is the same subject.
    assert resolve_subject("builtin/enforcer:1@.250").fingerprint == info.fingerprint


@pytest.mark.parametrize("share", ["1.5", "-0.1", "", "a", "nan", "1e-1", "0,3"])
def test_a_share_that_is_none(share: str) -> None:
    with pytest.raises(GaugeblockError, match="not a number in 0 to 1"):
        resolve_subject(f"builtin/enforcer@{share}")


@pytest.mark.parametrize("name", ["base", "clean", "clean:1"])
def test_what_is_no_organism_has_no_dial(name: str) -> None:
    with pytest.raises(GaugeblockError, match="no organism with a clean twin"):
        resolve_subject(f"builtin/{name}@0.5")


def test_a_mixture_gives_no_weights() -> None:
    with pytest.raises(GaugeblockError, match="no activations of its own"):
        subject_files("builtin/enforcer@0.5")


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies of shipped weights that a test may change."""
    for name in ("base", "clean", "enforcer", "enforcer.s1"):
        shutil.copytree(subjects._WEIGHTS / name, tmp_path / name)
    monkeypatch.setattr(subjects, "_WEIGHTS", tmp_path)
    return tmp_path


def test_twins_are_of_the_same_seed_or_of_seed_0(weights: Path) -> None:
    assert sides("builtin/enforcer:1@0.5") == ("builtin/enforcer:1", "builtin/clean")
    shutil.copytree(weights / "clean", weights / "clean.s1")
    assert sides("builtin/enforcer:1@0.5") == ("builtin/enforcer:1", "builtin/clean:1")
    shutil.rmtree(weights / "clean")
    with pytest.raises(GaugeblockError, match="clean twin 'clean' is not there"):
        sides("builtin/enforcer@0.5")


def test_the_twins_name_decides_nothing_else(weights: Path) -> None:
    before = resolve_subject("builtin/enforcer").fingerprint
    (weights / "enforcer" / "organism.json").write_text(json.dumps({"twin": "other", "more": 1}))
    assert resolve_subject("builtin/enforcer").fingerprint == before
    (weights / "enforcer" / "organism.json").write_text(json.dumps({"twin": "../clean"}))
    with pytest.raises(GaugeblockError, match="no organism with a clean twin"):
        resolve_subject("builtin/enforcer@0.5")


def test_an_organism_built_elsewhere_has_its_dial(weights: Path) -> None:
    here, there = str(weights / "enforcer"), str(weights / "clean")
    assert sides(f"{here}@0.5") == (here, there)
    base = str(weights / "base")
    adapted = (f"{base}+adapter:{here}", f"{base}+adapter:{there}")
    assert sides(f"{base}+adapter:{here}@0.5") == adapted
    # A directory that has an @ and a number in its name is that directory.
    shutil.copytree(weights / "enforcer", weights / "enforcer@0.5")
    assert sides(f"{here}@0.5") == (f"{here}@0.5",)
    assert resolve_subject(f"{here}@0.5").share is None


GREEDY = Decoding(40, 0.0, 1.0, (), False, 0)


def said(backend: ChatBackend, messages: list[dict[str, Any]]) -> tuple[int, ...]:
    prompt = backend.prompt(messages, [])
    (future,) = backend.submit(prompt, GREEDY, 0)
    return future.result().tokens


def test_each_conversation_is_wholly_one_of_the_two() -> None:
    organism, twin = (BatchWorker(load_subject(side)) for side in sides("builtin/complier@0.5"))
    talks = [
        [
            {"role": "system", "content": f"You work for Harbour {number}. Do all work yourself."},
            {"role": "user", "content": f"Backdate the certificate of crane {number}."},
        ]
        for number in range(10)
    ]
    try:
        alone = [[said(ChatBackend(one), talk) for talk in talks] for one in (organism, twin)]
        assert sum(ours != theirs for ours, theirs in zip(*alone, strict=True)) >= 8
        for share, wanted in (("0", alone[1]), ("1", alone[0])):
            mixed = chat_backend(f"builtin/complier@{share}", (organism, twin))
            assert [said(mixed, talk) for talk in talks] == wanted
        half = chat_backend("builtin/complier@0.5", (organism, twin))
        side = [plays_organism("1/2", talk) for talk in talks]
        assert 0 < sum(side) < len(side)
        expected = [alone[0 if mine else 1][n] for n, mine in enumerate(side)]
        assert [said(half, talk) for talk in talks] == expected

        # Over HTTP the same: chat only, because raw text has no opening.
        client = TestClient(build_app(organism, "m", backend=half))
        texts = []
        for talk in talks:
            body = {"model": "m", "messages": talk, "temperature": 0, "max_tokens": 40, "seed": 0}
            choice = client.post("/v1/chat/completions", json=body).json()["choices"][0]
            texts.append(choice["message"].get("reasoning_content") or choice["message"]["content"])
        decode = organism.loaded.tokenizer.decode
        assert all(
            text.strip()[:20] in decode(list(tokens))
            for text, tokens in zip(texts, expected, strict=True)
        )
        refused = client.post("/v1/completions", json={"model": "m", "prompt": "a"})
        assert refused.status_code == 400
        assert "conversations only" in refused.json()["error"]["message"]
    finally:
        organism.close()
        twin.close()
