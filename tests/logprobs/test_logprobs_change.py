"""The change alarm: exact where nothing changed, quick where something did."""

import numpy as np
import pytest

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.channel.change import compare, distances
from gaugeblock.logprobs.channel.readings import Reading, readings
from gaugeblock.logprobs.rows import Row
from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.simulate.population import record
from gaugeblock.logprobs.spec import ChannelSpec

MODES = ChannelSpec(family="bf16", modes=4, k=8)
NOISE = ChannelSpec(family="noise", sd=0.05, k=8)


def logits(seed, shift=0.0):
    rng = np.random.default_rng(seed)
    base = rng.normal(20, 3, 80)
    return base + shift * rng.normal(0, 1, 80)


def ask(spec, count, rng, shift=0.0, prompts=1, seed=2):
    channel = Channel(spec, seed=9)
    return [
        record(channel, logits(seed + i % prompts, shift), rng, f"p{i % prompts}", i // prompts)
        for i in range(count)
    ]


@pytest.mark.parametrize("spec", [MODES, NOISE, ChannelSpec(k=8)])
def test_unchanged_channels_alarm_no_more_often_than_the_level(spec):
    alarms, trials = 0, 100
    for i in range(trials):
        rng = np.random.default_rng([61, i])
        result = compare(
            ask(spec, 12, rng, seed=i), ask(spec, 12, rng, seed=i), level=0.05, permutations=99
        )
        alarms += result.alarm
    # Five per cent of 100 is 5; 13 would be passed once in a thousand times.
    assert alarms <= 12


@pytest.mark.parametrize(("spec", "shift"), [(MODES, 0.1), (NOISE, 0.05), (ChannelSpec(k=8), 1e-3)])
def test_a_changed_model_is_noticed_at_24_rows(spec, shift):
    rng = np.random.default_rng(7)
    result = compare(ask(spec, 24, rng), ask(spec, 24, rng, shift))
    assert result.alarm
    assert result.p < 1e-3
    assert result.before == result.after == 24


def test_several_prompts_are_relabelled_within_each():
    rng = np.random.default_rng(8)
    result = compare(ask(NOISE, 24, rng, prompts=4), ask(NOISE, 24, rng, 0.1, prompts=4))
    assert result.prompts == 4
    assert result.p < 1e-3


def test_a_deterministic_channel_that_stays_gives_p_of_one():
    rng = np.random.default_rng(9)
    result = compare(ask(ChannelSpec(k=8), 24, rng), ask(ChannelSpec(k=8), 24, rng))
    assert (result.p, result.statistic) == (1.0, 0.0)


def test_small_sets_are_enumerated():
    rng = np.random.default_rng(10)
    result = compare(ask(NOISE, 4, rng), ask(NOISE, 4, rng, 3.0))
    assert result.enumerated
    assert result.p == pytest.approx(2 / 70)
    assert result.least_p == pytest.approx(1 / 70)


def test_a_shorter_list_alone_is_no_change():
    rng = np.random.default_rng(11)
    long = ask(ChannelSpec(k=20), 12, rng)
    short = ask(ChannelSpec(k=5), 12, rng)
    assert compare(long, short).p == 1.0


def test_an_unlisted_token_counts_only_as_far_as_it_must_have_moved():
    def row(keys, logprobs):
        return Reading("x", keys, np.array(logprobs), np.full(len(keys), 1e-6))

    one = row((b"a", b"b", b"c"), [-1.0, -2.0, -3.0])
    other = row((b"a", b"b", b"d"), [-1.0, -2.0, -2.5])
    # c lies below what the other row lists; d must have risen from -3 or less to -2.5.
    assert distances([one, other])[0, 1] == pytest.approx(0.5 / 4)


def test_what_cannot_be_compared_is_refused():
    rng = np.random.default_rng(12)
    with pytest.raises(GaugeblockError, match="share no prompt"):
        compare(ask(NOISE, 3, rng), [Row("other", 0, 1.0, 8, ask(NOISE, 1, rng)[0].top)])
    with pytest.raises(GaugeblockError, match="asked more than once"):
        compare(ask(NOISE, 1, rng), ask(NOISE, 1, rng))
    assert readings(ask(NOISE, 1, rng))
