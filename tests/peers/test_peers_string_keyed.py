"""A server that keys logprobs by text loses tokens: the probe names it, judging allows for it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from peer_model import save_peer_model

from gaugeblock.logprobs.bounds import (
    Position,
    gather,
    make_answers,
    read_beginning,
    spelling_tokens,
)
from gaugeblock.logprobs.probe import make_card
from gaugeblock.logprobs.replies import parse_body, read_answer
from gaugeblock.logprobs.rows import Recording, Row
from gaugeblock.logprobs.spec import ChannelSpec
from gaugeblock.models.generation import encode_prompt
from gaugeblock.models.loading import load_files
from gaugeblock.models.token_text import TokenBytes

RECORD = json.loads((Path(__file__).parent / "string_keyed.json").read_text("utf-8"))
ASKED = RECORD["asked"]


@pytest.fixture(scope="module")
def answers():
    return [
        (item["prompt"], read_answer(parse_body(json.dumps(item["reply"]), ""), "completions", ""))
        for item in RECORD["answers"]
    ]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    return load_files(save_peer_model(tmp_path_factory.mktemp("peer")))


def truth(loaded, prompt: str) -> dict[bytes, float]:
    """Probability of every token by its bytes; tokens of equal bytes added."""
    ids = torch.tensor([list(encode_prompt(loaded.tokenizer, prompt))])
    with torch.inference_mode():
        p = loaded.model(input_ids=ids).logits[0, -1].double().softmax(-1).numpy()
    spell, found = TokenBytes(loaded.tokenizer), {}
    for token, mass in enumerate(p):
        key = spell(token)
        found[key] = found.get(key, 0.0) + float(mass)
    return found


def test_the_card_says_that_tokens_were_lost(answers):
    rows = [
        Row(prompt, place % 2, 1.0, ASKED, answer.top, answer.chosen)
        for place, (prompt, answer) in enumerate(answers)
    ]
    card = make_card(Recording(tuple(rows)), RECORD["server"])
    codes = {finding.code for finding in card.hygiene.findings}
    assert {"no_bytes", "lost_tokens"} <= codes
    assert card.hygiene.k_effective < ASKED
    assert all(spec.string_keyed for spec in card.candidates)


def test_listed_texts_may_be_another_tokens(answers, loaded):
    """Pieces of characters print as nothing, so a token can print like another and replace it."""
    compared, wrong = 0, []
    for prompt, answer in answers[::2]:
        exact = truth(loaded, prompt)
        for entry in answer.top:
            if entry.key in exact:
                compared += 1
                if abs(entry.logprob - np.log(exact[entry.key])) > 1e-3:
                    wrong.append(entry.token)
    assert compared > 90
    assert set(wrong) == {"dé", " "}


@pytest.mark.parametrize(
    "words", [("the", "7", "c"), ("日本", "ü", "the"), ("check", "certificate", "é")]
)
def test_the_mass_of_an_answer_lies_inside_although_tokens_were_lost(answers, loaded, words):
    wanted = make_answers({word: word for word in words})
    channel = ChannelSpec(k=ASKED, string_keyed=True)
    for prompt, answer in answers[::2]:
        found = gather(channel, [[Position(answer.top, None, ASKED)]], wanted)
        # Without the next position a piece may become the answer or not: both ends are the truth's.
        least, most = np.zeros(3), np.zeros(3)
        for key, mass in truth(loaded, prompt).items():
            meaning = read_beginning(key, wanted)
            if meaning.spelt is not None and meaning.settled:
                least[meaning.spelt] += mass
            for place in {meaning.spelt, *meaning.may_become} - {None}:
                most[place] += mass
        for place, name in enumerate(found.names):
            value = found.probability(name)
            assert value.low <= least[place] + 1e-3
            assert value.high >= most[place] - 1e-3


def test_a_text_that_may_be_another_token_guarantees_nothing(answers, loaded):
    """The recorded "dé" is another token's: an interval that trusts it misses the truth."""
    prompt, answer = answers[0]
    assert prompt == "the auditor reads:"
    position = Position(answer.top, None, ASKED)
    words = make_answers({"dé": "dé", "the": "the"}, cases=False)
    exact = truth(loaded, prompt)
    trusting = gather(ChannelSpec(k=ASKED), [[position]], words).probability("dé")
    assert trusting.low > exact["dé".encode()] * 10
    careful = gather(ChannelSpec(k=ASKED, string_keyed=True), [[position]], words)
    assert careful.probability("dé").low < 1e-6
    # A vocabulary tells which texts belong to one token alone.
    known = spelling_tokens(exact, words)
    told = gather(ChannelSpec(k=ASKED, string_keyed=True), [[position]], words, vocabulary=known)
    assert told.probability("dé").low < 1e-6
    the = sum(p for key, p in exact.items() if read_beginning(key, words).spelt == 1)
    assert told.probability("the").low > 0.9 * the
    assert told.probability("the").contains(the)


def test_a_card_without_the_loss_would_promise_too_much(answers):
    """Lost mass counts as unlisted, so the smallest listed token does not limit a lost one."""
    position = Position(answers[4][1].top, None, ASKED)
    words = make_answers({"é": "é", "the": "the"})
    known = {b"\xc3": read_beginning(b"\xc3", words)}
    careless = gather(ChannelSpec(k=ASKED), [[position]], words, vocabulary=known)
    careful = gather(ChannelSpec(k=ASKED, string_keyed=True), [[position]], words, vocabulary=known)
    assert careful.probability("é").high > careless.probability("é").high
