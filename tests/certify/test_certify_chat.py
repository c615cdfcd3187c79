"""Texts in a chat template: what the model is fed, what is swapped, and what the card says."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("torch")

from certifying import certificate, run, write_csv
from checkpoints import llama_config, save_checkpoint

from gaugeblock.certify.chat import chat_frame, cut
from gaugeblock.certify.concepts import Answers
from gaugeblock.certify.exhibit import GuidedQuery
from gaugeblock.certify.guided import GuidedEdits
from gaugeblock.certify.subject import Subject, open_subject
from gaugeblock.detectors.files import load_probe
from gaugeblock.detectors.frame import Frame
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.detectors.statements import Statement
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import record
from gaugeblock.models.generation import encode_prompt, render_prompt

TEXTS = ["The auditor reads the files.", "Send the manager the board note."]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("chat")
    save_checkpoint(folder / "model", llama_config(hidden_size=16, num_hidden_layers=2))
    write_csv(folder / "is.csv", "The")
    write_csv(folder / "no.csv", "No", turned=True)
    return folder


@pytest.fixture(scope="module")
def subject(home: Path) -> Subject:
    return open_subject(str(home / "model"))


def test_what_is_read_is_the_prompt_of_a_generation(subject: Subject) -> None:
    tokenizer = subject.loaded.tokenizer
    framed = subject.framed(chat_frame(tokenizer))
    prompts = [render_prompt(tokenizer, [{"role": "user", "content": text}]) for text in TEXTS]
    assert [framed.frame.around(text) for text in TEXTS] == prompts
    ids = [encode_prompt(tokenizer, prompt) for prompt in prompts]
    direct = record(subject.loaded, ids, [1], "last").values[:, 0]
    assert framed.activations(TEXTS, 1, "last") == pytest.approx(direct)
    assert np.abs(subject.activations(TEXTS, 1, "last") - direct).max() > 1e-3


def test_a_template_with_its_own_first_token_gets_no_second_one(subject: Subject) -> None:
    tokenizer = subject.loaded.tokenizer
    frame = Frame(before="<think>", after="</think>")
    tokenizer.bos_token = "<think>"
    try:
        ids = subject.framed(frame)._tokens([frame.around(TEXTS[0])])[0]
    finally:
        tokenizer.bos_token = None
    assert ids.count(tokenizer.convert_tokens_to_ids("<think>")) == 1


def test_the_answer_follows_the_reply_at_once(subject: Subject) -> None:
    framed = subject.framed(chat_frame(subject.loaded.tokenizer, "It is"))
    output = framed.answer_output(Answers(prompt="{text}", positive=" safe", negative=" short"), 0)
    bare = subject.answer_output(Answers(prompt="{text}", positive="safe", negative="short"), 0)
    whole = [framed.frame.around(text) for text in TEXTS]
    assert output(TEXTS, None) == pytest.approx(bare(whole, None))


def test_only_words_of_the_text_are_swapped(subject: Subject) -> None:
    frame = chat_frame(subject.loaded.tokenizer, "The files are")
    weight = np.random.default_rng(0).standard_normal(16)
    probe = MassMean().restore({"weight": weight, "bias": np.array(0.0)}, None)
    guide = GuidedEdits(subject.loaded, probe, 1, "last", ("It rained.",), frame)
    query = GuidedQuery(
        Statement(text=TEXTS[0], label=1, group="g"), TEXTS[0], True, "guided substitution", 12
    )
    (edits,) = guide([query])
    assert edits
    for edit in edits:
        words = zip(edit.text.split(), TEXTS[0].split(), strict=True)
        assert sum(a != b for a, b in words) == 1


def test_the_card_says_what_stood_around_and_blind_reads_alike(home: Path) -> None:
    done = run(home, "is.csv", "known", "--chat", "--reply", "It is")
    assert done.exit_code == 0, done.output
    _, card = load_probe(home / "known" / "detector")
    assert card.frame == chat_frame(open_subject(str(home / "model")).loaded.tokenizer, "It is")
    assert run(home, "is.csv", "blind", "--blind", str(home / "known" / "detector")).exit_code == 0
    known, blind = certificate(home, "known"), certificate(home, "blind")
    assert known.identity.frame == blind.identity.frame == card.frame
    assert known.trial("in_distribution").readings[0] == blind.trial("in_distribution").readings[0]
    page = (home / "known" / "certificate.html").read_text(encoding="utf-8")
    assert "&lt;|im_start|&gt;user" in page
    bare = run(home, "is.csv", "bare")
    assert bare.exit_code == 0
    other = certificate(home, "bare")
    assert not other.identity.frame
    assert other.trial("in_distribution").readings != known.trial("in_distribution").readings


def test_an_older_card_without_a_frame_is_read_as_before(home: Path, tmp_path: Path) -> None:
    assert run(home, "is.csv", "plain").exit_code == 0
    path = home / "plain" / "detector.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    del card["frame"]
    path.write_text(json.dumps(card), encoding="utf-8")
    assert not load_probe(path)[1].frame


@pytest.mark.parametrize(
    ("more", "match"),
    [
        (("--reply", "It is"), "--reply needs --chat"),
        (("--chat", "--blind", "x"), "card says what stands around"),
        (("--fix", "a=b"), "--fix and --rendering go with PACK"),
        (("--answers", "a,b"), "--answers needs --ask"),
    ],
)
def test_options_that_do_not_fit_are_named(home: Path, more: tuple[str, ...], match: str) -> None:
    done = run(home, "is.csv", "bad", *more)
    assert isinstance(done.exception, GaugeblockError)
    assert match in str(done.exception)


def test_a_template_that_rewrites_messages_is_named() -> None:
    with pytest.raises(GaugeblockError, match="does not give messages back"):
        cut("USER: HELLO", "hello", "hello", "")


def test_an_encoder_reads_no_chat(subject: Subject) -> None:
    encoder = Subject(subject.loaded, True, subject.blocks, subject.fingerprint)
    with pytest.raises(GaugeblockError, match="an encoder reads no chat"):
        encoder.framed(Frame(after="x"))
    assert encoder.framed(Frame()) == encoder
