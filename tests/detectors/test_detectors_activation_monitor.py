"""A transcript read by an activation probe: the tokens of the right events, and no others."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("torch")

from checkpoints import llama_config, make_tokenizer, save_checkpoint

from gaugeblock.detectors.activation_monitor import ActivationMonitor, rendered
from gaugeblock.detectors.contract import Detector
from gaugeblock.detectors.files import save_probe
from gaugeblock.detectors.mass_mean import MassMean
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.activations import model_fingerprint, record
from gaugeblock.models.loading import load_subject
from gaugeblock.transcripts import Event, Transcript


def transcript(reply: str, asked: str = "Read the files.", ending: str = "completed") -> Transcript:
    events = (
        Event(index=0, turn=0, kind="system", text="You audit files."),
        Event(index=1, turn=0, kind="user", text=asked),
        Event(index=2, turn=0, kind="reasoning", text="The files look fine."),
        Event(index=3, turn=0, kind="tool_call", tool="send", arguments={"to": "a@b.org"}),
        Event(index=4, turn=0, kind="tool_result", tool="send", text="sent"),
        Event(index=5, turn=0, kind="message", text=reply),
    )
    return Transcript(
        id=reply[:8] or "empty", pack="p", scenario="s", situation="x", sampling_seed=0,
        events=events, ending=ending,
    )  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    return load_subject(str(save_checkpoint(tmp_path_factory.mktemp("model"), llama_config())))


def probe(width: int = 32) -> MassMean:
    return MassMean().restore({"weight": np.linspace(-1, 1, width), "bias": np.array(0.5)}, None)


@pytest.mark.parametrize("template", [True, False])
def test_the_spans_hold_the_words_of_the_chosen_events(template: bool) -> None:
    tokenizer = make_tokenizer()
    if not template:
        tokenizer.chat_template = None
    # The reply repeats the request: the span must be the reply's own place.
    run = transcript("Read the files.")
    text, spans = rendered(tokenizer, run, ("reasoning", "tool_call", "message"))
    words = [text[a:b] for a, b in spans]
    assert words[0] == "The files look fine."
    assert "a@b.org" in words[1]
    assert words[2] == "Read the files."
    assert spans[2][0] == text.rindex("Read the files.")
    assert rendered(tokenizer, run, ("user",))[1][0][0] == text.index("Read the files.")


def test_the_score_is_the_probe_on_the_mean_over_those_tokens(loaded) -> None:
    run = transcript("The note goes to the board.")
    (found,) = ActivationMonitor(loaded, probe(), 1, "x", kinds=("message",)).score([run])
    text, ((begin, end),) = rendered(loaded.tokenizer, run, ("message",))
    encoded = loaded.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    from gaugeblock.models.activations import record_tokens

    tokens = record_tokens(loaded, [encoded["input_ids"]], [1]).text(0)[0]
    inside = [a < end and b > begin for a, b in encoded["offset_mapping"]]
    assert 0 < sum(inside) < len(inside)
    expected = probe().score(tokens[np.array(inside)].mean(axis=0)[None])[0]
    assert found.value == pytest.approx(expected, rel=1e-4)
    assert found.unit == "projection"


def test_what_the_user_wrote_is_not_pooled_but_is_read_as_context(loaded) -> None:
    monitor = ActivationMonitor(loaded, probe(), 1, "x")
    a, b = monitor.score([transcript("Fine."), transcript("Fine.", asked="Burn the files.")])
    assert a.value != b.value
    own = record(loaded, ["Fine."], [1], "mean").values[:, 0]
    assert a.value != pytest.approx(float(probe().score(own)[0]))


def test_what_cannot_be_read_is_missing_with_its_reason(loaded) -> None:
    monitor = ActivationMonitor(loaded, probe(), 1, "x", kinds=("message",))
    assert isinstance(monitor, Detector)
    long, empty, failed, good = monitor.score(
        [
            transcript("word " * 2000),
            transcript(""),
            transcript("Fine.", ending="error"),
            transcript("Fine."),
        ]
    )
    assert "the model takes" in long.missing
    assert "no token" in empty.missing
    assert "error" in failed.missing
    assert [s.value for s in (long, empty, failed)] == [None, None, None]
    assert good.value is not None


def test_a_detector_file_becomes_a_monitor_on_its_own_model_only(loaded, tmp_path: Path) -> None:
    own = model_fingerprint(loaded.model)
    save_probe(probe(), tmp_path / "d", concept="lying", model=own, layer=1, at="mean")
    monitor = ActivationMonitor.from_file(tmp_path / "d", loaded, kinds=("message",))
    assert monitor.concept == "lying"
    assert monitor.score([transcript("Fine.")])[0].value == pytest.approx(
        ActivationMonitor(loaded, probe(), 1, "x", kinds=("message",))
        .score([transcript("Fine.")])[0]
        .value
    )
    save_probe(probe(), tmp_path / "e", concept="lying", model="f" * 64, layer=1)
    with pytest.raises(GaugeblockError, match="another model"):
        ActivationMonitor.from_file(tmp_path / "e", loaded)
