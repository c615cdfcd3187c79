"""What a channel gives away, on outputs whose rank, offset and origin are known."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from gaugeblock.cli.channel import app
from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.channel.readings import readings
from gaugeblock.logprobs.leak import measure_leak
from gaugeblock.logprobs.leak.image import compare_image, image_of, read_image, write_image
from gaugeblock.logprobs.leak.offset import offsets
from gaugeblock.logprobs.leak.spectrum import spectrum, steepest
from gaugeblock.logprobs.rows import Recording, Row, TopEntry, write_recording
from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.simulate.population import draw_rows
from gaugeblock.logprobs.spec import ChannelSpec
from gaugeblock.logprobs.spec_text import read_channel

HIDDEN, VOCABULARY = 24, 400


def head(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (HIDDEN, VOCABULARY))


def logits(seed: int, count: int = 60, of: int = 1) -> np.ndarray:
    states = np.random.default_rng([seed, 5]).normal(0, 1, (count, HIDDEN))
    return (states @ head(of)).astype(np.float32).astype(float)


@pytest.mark.parametrize(
    "spec",
    [
        ChannelSpec(),
        ChannelSpec(family="bf16"),
        ChannelSpec(family="step", step=0.125),
        ChannelSpec(family="noise", sd=0.1),
        ChannelSpec(family="softcap", cap=50.0),
    ],
    ids=lambda spec: spec.family,
)
def test_the_hidden_size_shows_through_ordinary_channels(spec):
    leak, image = measure_leak(logits(1), spec, "one")
    assert leak.hidden_size == HIDDEN
    assert leak.steepest == HIDDEN
    assert image is not None
    assert image.basis.shape == (HIDDEN, VOCABULARY)


def test_a_coarse_channel_hides_the_smaller_dimensions_and_says_so():
    states = np.random.default_rng(3).normal(0, 1, (60, HIDDEN)) * np.geomspace(1, 1e-3, HIDDEN)
    narrow = states @ head(1)
    fine, _ = measure_leak(narrow, ChannelSpec(), "fading")
    coarse, _ = measure_leak(narrow, ChannelSpec(family="step", step=1.0), "fading")
    assert fine.visible_rank == HIDDEN
    assert coarse.visible_rank < HIDDEN
    assert coarse.hidden_size is None


def test_too_few_outputs_show_no_end():
    leak, image = measure_leak(logits(1, count=20), ChannelSpec(), "few")
    assert leak.hidden_size is None
    assert image is None or image.basis.shape[0] < HIDDEN


def test_errors_alone_are_never_counted():
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 1, (50, 300))
    assert spectrum(noise, noise).visible == 0
    assert steepest(np.array([9.0, 8.0, 0.1, 0.09, 0.08])) == 2


@pytest.mark.parametrize("spec", [ChannelSpec(), ChannelSpec(family="step", step=0.25)])
def test_a_model_is_known_by_its_image_and_another_is_not(tmp_path, spec):
    _, image = measure_leak(logits(1), ChannelSpec(), "one")
    assert image is not None
    write_image(tmp_path / "one", image)
    kept = read_image(tmp_path / "one.json")
    again, _ = measure_leak(logits(2), spec, "one, other prompts", against=kept)
    other, _ = measure_leak(logits(2, of=9), spec, "another", against=kept)
    assert again.same_model is not None
    assert again.same_model.same is True
    assert other.same_model is not None
    assert other.same_model.same is False
    assert other.same_model.residual == pytest.approx(other.same_model.unrelated, rel=0.05)


def test_noise_as_large_as_the_outputs_leaves_identity_open():
    image = image_of(logits(1), HIDDEN, "one")
    said = compare_image(image, logits(2), sd=2.0)
    assert said.same is None


def test_images_that_are_none_are_refused(tmp_path):
    with pytest.raises(GaugeblockError, match="do not span"):
        image_of(logits(1, count=20), HIDDEN, "few")
    with pytest.raises(GaugeblockError, match="different models"):
        compare_image(image_of(logits(1), HIDDEN, "one"), np.zeros((3, 7)), 0.0)
    with pytest.raises(GaugeblockError, match="is no image"):
        read_image(tmp_path / "nothing")
    (tmp_path / "broken.json").write_text('{"vocabulary": 400, "source": "x", "own": 0}')
    np.save(tmp_path / "broken.npy", np.zeros(4))
    with pytest.raises(GaugeblockError, match="do not match"):
        read_image(tmp_path / "broken")


def test_unique_absolute_logits_are_the_true_ones():
    spec = ChannelSpec(family="softcap", cap=30.0)
    leak, _ = measure_leak(3 * logits(1) + 4, spec, "capped")
    assert leak.offsets is not None
    assert leak.offsets.unique >= 50
    assert leak.offset_error == pytest.approx(0.0, abs=1e-5)
    hidden, _ = measure_leak(logits(1), ChannelSpec(family="step", step=0.1), "stepped")
    assert hidden.offsets is None


def test_a_wide_range_of_logits_tells_the_offset_of_a_bf16_row():
    rng = np.random.default_rng(8)
    spec = ChannelSpec(family="bf16", k=190)
    channel = Channel(spec)
    wide = np.concatenate([[38.25], rng.uniform(-4, 37, 200)])
    reported = channel.apply(wide, rng)
    top = tuple(
        TopEntry(str(i), str(i).encode(), float(str(np.float32(x))), str(np.float32(x)), True)
        for i, x in zip(reported.ids, reported.logprobs, strict=True)
    )
    told = offsets(readings([Row("x", 0, 1.0, 190, top)]), spec)
    assert told is not None
    assert (told.unique, told.within_one, told.tops) == (1, 1, (38.25,))


def test_the_command_line_tells_offsets_from_rows(tmp_path):
    spec = ChannelSpec(family="softcap", cap=30.0, k=20)
    rows = draw_rows(np.random.default_rng(2), Channel(spec), 10, 4000)
    write_recording(tmp_path / "rows.jsonl", Recording(rows))
    runner = CliRunner()
    said = runner.invoke(app, ["leak", "--rows", str(tmp_path / "rows.jsonl"), "--json"])
    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout)
    assert (told["rows"], told["unique"]) == (5, 5)
    words = runner.invoke(app, ["leak", "--rows", str(tmp_path / "rows.jsonl")])
    assert "5 of 5" in words.stdout
    both = runner.invoke(app, ["leak"])
    assert isinstance(both.exception, GaugeblockError)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("softcap", "needs cap"),
        ("nonsense", "neither a file nor a family"),
        ("bf16,k=0", "greater than or equal to 1"),
        ("undecided", "neither a file nor a family"),
        ("family=undecided", "could not tell"),
    ],
)
def test_channels_in_words_are_checked(text, problem):
    with pytest.raises(GaugeblockError, match=problem):
        read_channel(text)


def test_channels_are_read_from_words_and_files(tmp_path):
    words = read_channel("step,step=0.125,k=5,drops=bytes+top_logprobs,string_keyed=true")
    assert (words.family, words.step, words.k) == ("step", 0.125, 5)
    assert words.drops == ("bytes", "top_logprobs")
    path = tmp_path / "channel.yaml"
    path.write_text("family: softcap\ncap: 30\n")
    assert read_channel(str(path)) == ChannelSpec(family="softcap", cap=30.0)
    for broken in ("- 1", "cap: [", "fmily: bf16"):
        path.write_text(broken)
        with pytest.raises(GaugeblockError):
            read_channel(str(path))
