"""Guaranteed intervals: they contain the truth and no tighter ones exist."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds import (
    BoundedValue,
    Continuation,
    answer_log_odds,
    box_of,
    envelope_box,
    expected_score,
    multiple_choice,
    order_by_log_odds,
    order_by_value,
    statistical_box,
    swapped,
    text_logprob,
    token_logprob,
)
from gaugeblock.logprobs.simulate import Channel
from gaugeblock.logprobs.spec import ChannelSpec

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import judging_bounds as study


@pytest.mark.parametrize("name", list(study.CHANNELS))
def test_ratings_contain_the_truth_with_the_optimal_width(name):
    spec = study.CHANNELS[name]
    for i in range(30):
        rng = np.random.default_rng([31, i])
        truth, value, box, scores, hidden = study.judge(spec, spec, rng, int(rng.choice([5, 20])))
        assert value.guaranteed
        assert value.contains(truth)
        if value.value is not None and value.width > 1e-3 and i < 5:
            high = study.linear_programme(box, scores, hidden, 1)
            low = study.linear_programme(box, scores, hidden, -1)
            assert value.low == pytest.approx(low, abs=1e-7)
            assert value.high == pytest.approx(high, abs=1e-7)


def test_noise_gives_a_confidence_interval_that_covers():
    spec = ChannelSpec(family="noise", sd=0.2)
    inside = 0
    for i in range(2000):
        rng = np.random.default_rng([41, i])
        logits = study.draw_logits(rng)
        true = log_softmax(logits)[:10]
        answers = [true + rng.normal(0, 0.2, 10) for _ in range(2)]
        value = expected_score(statistical_box(spec, answers), study.SCORES)
        assert (value.guaranteed, value.confidence, value.calls) == (False, 0.95, 2)
        inside += value.contains(study.truth_of(spec, logits))
    assert 0.94 <= inside / 2000 <= 0.965


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-6, 0), min_size=2, max_size=8),
    st.floats(0.01, 0.5),
    st.integers(0, 2**31),
)
def test_no_point_of_the_box_leaves_the_interval(logprobs, step, seed):
    values = np.sort(np.array(log_softmax([*logprobs, -3.0])))[::-1]
    box = box_of(ChannelSpec(family="step", step=step), values)
    scores = np.arange(values.size, dtype=float)
    result = expected_score(box, scores)
    rng = np.random.default_rng(seed)
    weight = np.exp(rng.uniform(box.low, box.high))
    assert result.low - 1e-9 <= weight @ scores / weight.sum() <= result.high + 1e-9


def test_a_judge_on_a_quarter_grid_has_the_published_errors():
    even = box_of(ChannelSpec(family="step", step=0.25), np.log([0.5, 0.5]))
    yes = expected_score(even, [1.0, 0.0])
    assert (yes.low, yes.high) == pytest.approx((0.438, 0.562), abs=1e-3)
    assert yes.sd == pytest.approx(0.0255, abs=1e-4)
    sure = expected_score(
        box_of(ChannelSpec(family="step", step=0.25), np.log([0.9, 0.1])), [1.0, 0.0]
    )
    assert (sure.low, sure.high) == pytest.approx((0.875, 0.920), abs=1e-3)
    assert sure.sd == pytest.approx(0.009, abs=3e-4)


@pytest.mark.parametrize("name", ["step 1/8", "bf16", "softcap 30", "fp16 logprobs", "none"])
def test_token_logprobs_and_log_odds_contain_the_truth(name):
    spec = study.CHANNELS[name]
    for i in range(80):
        rng = np.random.default_rng([51, i])
        logits = study.draw_logits(rng)
        held = spec.cap * np.tanh(logits / spec.cap) if spec.cap else logits
        truth = log_softmax(held)
        reported = Channel(spec).apply(logits, rng)
        box = box_of(spec, reported.logprobs)
        place = int(rng.integers(20))
        assert token_logprob(box, place).contains(truth[reported.ids[place]])
        unlisted = int(np.setdiff1d(np.arange(study.VOCABULARY), reported.ids)[0])
        assert token_logprob(box, None).contains(truth[unlisted])
        first, second = np.arange(20) < 3, np.arange(20) >= 15
        odds = answer_log_odds(box, first, second)
        exact = np.logaddexp.reduce(truth[reported.ids[first]])
        exact -= np.logaddexp.reduce(truth[reported.ids[second]])
        assert odds.contains(exact)


def test_an_answer_that_was_not_listed_has_an_open_end():
    box = box_of(ChannelSpec(family="step", step=0.125), np.log([0.9, 0.05]))
    odds = answer_log_odds(box, [True, False], [False, False], unseen_second=1)
    assert odds.value is None
    assert odds.high is None
    assert odds.low is not None
    assert odds.low > np.log(0.9 / 0.051) - 0.2


def test_a_renormalised_list_bounds_no_unlisted_mass():
    spec = ChannelSpec(renormalised=True)
    box = box_of(spec, np.log([0.7, 0.3]))
    wide = expected_score(box, [1.0, 0.0], [1.0, 0.0])
    assert wide.low == pytest.approx(0.7 / 1.3, abs=1e-3)
    assert wide.high == pytest.approx(1.0 / 1.3, abs=1e-3)


def test_an_undecided_card_is_bounded_by_all_its_candidates():
    step, bf16 = ChannelSpec(family="step", step=0.125), ChannelSpec(family="bf16")
    rng = np.random.default_rng(3)
    logits = study.draw_logits(rng)
    reported = Channel(bf16).apply(logits, rng).logprobs
    both = envelope_box([step, bf16], reported)
    for spec in (step, bf16):
        one = box_of(spec, reported)
        assert np.all(both.low <= one.low)
        assert np.all(both.high >= one.high)
    off_grid = np.array([-0.1, -3.12345, -5.54321])
    assert np.allclose(
        envelope_box([bf16, step], off_grid).high[0], off_grid[0] + 0.0625, atol=1e-4
    )
    with pytest.raises(GaugeblockError, match="does not lie on the bf16 grid"):
        envelope_box([bf16], off_grid)


@pytest.mark.parametrize(
    ("spec", "logprobs", "message"),
    [
        (ChannelSpec(family="noise", sd=0.1), [-1.0], "bounds nothing"),
        (ChannelSpec(family="undecided"), [-1.0], "bounds nothing"),
        (ChannelSpec(), [], "non-empty"),
        (ChannelSpec(), [float("nan")], "finite"),
        (ChannelSpec(), [-2.0, -1.0], "descending"),
    ],
)
def test_what_cannot_be_bounded_is_refused(spec, logprobs, message):
    with pytest.raises(GaugeblockError, match=message):
        box_of(spec, logprobs)


def value(x, half=0.0):
    return BoundedValue(value=x, low=x - half, high=x + half, sd=half)


def test_multiple_choice_follows_the_harness_and_names_what_stays_open():
    short = Continuation(" no", value(-4.0, 0.3), 1, value(-3.0, 0.1))
    long = Continuation(" certainly", value(-4.5, 0.3), 3, value(-9.0, 0.1))
    plain = multiple_choice([short, long], "sum", target=0)
    assert (plain.choice, plain.not_excluded, plain.certain) == (0, (0, 1), False)
    per_byte = multiple_choice([short, long], "byte", target=1)
    assert per_byte.scores[1].value == pytest.approx(-0.45)
    assert (per_byte.choice, per_byte.not_excluded, per_byte.certain) == (1, (1,), True)
    assert multiple_choice([short, long], "token").scores[1].value == pytest.approx(-1.5)
    mutual = multiple_choice([short, long], "mutual_information")
    assert [s.value for s in mutual.scores] == pytest.approx([-1.0, 4.5])
    assert mutual.scores[0].high == pytest.approx(-1.0 + 0.4)
    umlaut = Continuation("ä", value(-1.0), 1)
    assert multiple_choice([umlaut], "byte").scores[0].value == pytest.approx(-0.5)
    tie = multiple_choice([short, short], "sum", target=1)
    assert (tie.choice, tie.tied, tie.correct) == (0, (1,), False)


def test_texts_add_up_and_an_unseen_token_leaves_them_open():
    text = text_logprob([value(-1.0, 0.1), value(-2.0, 0.2)])
    assert (text.value, text.low, text.high) == pytest.approx((-3.0, -3.3, -2.7))
    unseen = BoundedValue(value=None, low=None, high=-5.0)
    partly = text_logprob([value(-1.0, 0.1), unseen])
    assert (partly.value, partly.low, partly.high) == (None, None, pytest.approx(-5.9))


def test_rankings_name_ties_and_pairs_that_cannot_be_ordered():
    ranking = order_by_value({"a": value(1.0, 0.1), "b": value(1.0, 0.1), "c": value(3.0, 0.5)})
    assert ranking.order == ("c", "a", "b")
    assert ranking.ties == (("a", "b"),)
    assert ranking.unordered == (("a", "b"),)
    odds = {("a", "b"): value(0.0, 0.1), ("c", "a"): value(1.0, 0.2), ("b", "c"): value(0.1, 0.2)}
    pairs = order_by_log_odds(["a", "b", "c"], odds)
    assert pairs.unordered == (("a", "b"), ("b", "c"))
    assert pairs.ties == (("a", "b"),)
    with pytest.raises(GaugeblockError, match="no comparison of a with c"):
        order_by_log_odds(["a", "b", "c"], {("a", "b"): value(0.0)})


def test_asking_in_both_orders_cancels_position_bias():
    pair = swapped(value(0.8, 0.1), value(-0.2, 0.3))
    assert pair.preference.value == pytest.approx(0.5)
    assert pair.bias.value == pytest.approx(0.3)
    assert pair.preference.width == pytest.approx(0.4)
    assert (pair.bias.low, pair.bias.high) == pytest.approx((0.1, 0.5))
