"""Spellings of an answer, gathered by bytes: the mass lies inside the interval."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import logsumexp

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.bounds import (
    Position,
    Sampled,
    any_of,
    average,
    gather,
    make_answers,
    read_beginning,
    spelling_tokens,
    swapped,
    through_logistic,
)
from gaugeblock.logprobs.bounds.value import BoundedValue
from gaugeblock.logprobs.spec import ChannelSpec

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import judging_answers as study
from judging_answers import FIRST, YES_NO, entry


@pytest.mark.parametrize("name", list(study.CHANNELS))
@pytest.mark.parametrize("known", [False, True])
def test_the_mass_of_every_answer_lies_inside(name, known):
    vocabulary = spelling_tokens(FIRST, YES_NO) if known else None
    narrower = 0
    for i in range(50):
        found, _, _, masses = study.judgement(study.CHANNELS[name], [7, i], vocabulary)
        assert study.contained(found, masses)
        assert found.mean(study.SCORES).guaranteed
        narrower += found.share("yes").width < 0.999
    if "renormalised" in name and not known:
        # Nothing says how much was cut off, nor how many spellings are missing.
        assert narrower == 0
    else:
        assert narrower > 15


@pytest.mark.parametrize("name", ["step 1/4", "bf16", "none"])
def test_intervals_are_the_optimum_of_the_box_problem(name):
    compared = 0
    for i in range(20):
        _, spec, first, _ = study.judgement(study.CHANNELS[name], [8, i])
        got = gather(spec, [[first]], YES_NO).mean(study.SCORES)
        if got.value is None or got.width > 1 - 1e-9:
            continue
        compared += 1
        assert got.low == pytest.approx(study.linear_programme(spec, first, -1), abs=1e-7)
        assert got.high == pytest.approx(study.linear_programme(spec, first, 1), abs=1e-7)
    assert compared >= 5


@pytest.mark.parametrize(
    ("text", "spelt", "later"),
    [
        (b"Yes", "yes", set()),
        (b" yes", "yes", set()),
        (b"YES, of course", "yes", set()),
        (b"**Yes**", "yes", set()),
        (b"Yesterday", None, set()),
        (b"Y", None, {"yes"}),
        (b" ", None, {"yes", "no", "unsure"}),
        (b"No", "no", {"unsure"}),
        (b"No ", "no", set()),
        (b"Not", None, {"unsure"}),
        (b"Not sure", "unsure", set()),
        (b"Nothing", None, set()),
        ("Yés".encode(), None, set()),
    ],
)
def test_beginnings_are_read_by_bytes(text, spelt, later):
    meaning = read_beginning(text, YES_NO)
    names = [answer.name for answer in YES_NO]
    assert (None if meaning.spelt is None else names[meaning.spelt]) == spelt
    assert {names[place] for place in meaning.may_become} == later


def test_numbers_letters_and_cut_characters():
    numbers = make_answers({str(n): str(n) for n in range(101)})
    one = read_beginning(b"1", numbers)
    assert numbers[one.spelt].name == "1"
    assert {numbers[i].name for i in one.may_become} == {"100", *map(str, range(10, 20))}
    assert read_beginning(b"1", numbers, ended=True).settled
    assert read_beginning(b"7.5", numbers).spelt is None
    assert read_beginning(b"7/10", numbers).spelt == 7
    assert read_beginning("７".encode(), numbers).spelt == 7
    letters = make_answers({"A": "A", "B": "B"}, cases=False)
    assert read_beginning(b" a", letters).spelt is None
    assert read_beginning(b"(A)", letters).spelt == 0
    umlaut = make_answers({"over": "über", "under": "unter"})
    assert read_beginning("\ufffd".encode(), umlaut).may_become == {0}
    assert read_beginning(b"\xc3", umlaut).may_become == {0}
    assert read_beginning("u\u0308ber".encode(), umlaut).spelt == 0
    longest = make_answers({"new": "New", "york": "New York"})
    assert read_beginning(b"New York", longest).spelt == 1
    assert read_beginning(b"New ", longest).may_become == {1}


def test_answers_that_cannot_be_told_apart_are_refused():
    with pytest.raises(GaugeblockError, match="spells both"):
        make_answers({"a": "Yes", "b": "YES"})
    with pytest.raises(GaugeblockError, match="no letters"):
        make_answers({"a": " ** "})
    with pytest.raises(GaugeblockError, match="no answers"):
        make_answers({})
    found = gather(None, [[Position((entry(b"Yes", -0.1),))]], YES_NO)
    with pytest.raises(GaugeblockError, match="no answer 'perhaps'"):
        found.share("perhaps")
    with pytest.raises(GaugeblockError, match="with itself"):
        found.log_odds("yes", "yes")
    with pytest.raises(GaugeblockError, match="lists no logprobs"):
        gather(None, [[Position((entry(b"Yes", -9999.0),))]], YES_NO)


def test_the_end_of_the_text_is_no_answer_and_ends_one():
    top = (entry(b"", np.log(0.5)), entry(b"Yes", np.log(0.5)))
    found = gather(None, [[Position(top)]], YES_NO)
    assert found.probability("yes").value == pytest.approx(0.5)
    numbers = make_answers({"1": "1", "10": "10"})
    after = (entry(b"", np.log(0.25)), entry(b"0", np.log(0.75)))
    path = [Position((entry(b"1", 0.0),), b"1"), Position(after, b"0")]
    both = gather(None, [path], numbers)
    assert both.share("10").value == pytest.approx(0.75)
    assert both.share("10").width < 1e-4
    assert gather(None, [path[:1]], numbers).share("10").width > 0.99


def test_the_sampled_token_beside_the_k_best_limits_nothing():
    top = (entry(b"Yes", np.log(0.6)), entry(b"No", np.log(0.3)), entry(b"Well", np.log(0.001)))
    two = make_answers({"yes": "Yes", "no": "No"})
    known = spelling_tokens([b"Yes", b"No", b"yes"], two)
    beside = gather(ChannelSpec(k=2), [[Position(top, b"Well", 2)]], two, vocabulary=known)
    assert beside.share("yes").high == pytest.approx((0.6 + 0.099) / (0.9 + 0.099), abs=1e-4)


def test_repeats_under_noise_narrow_the_interval():
    spec = ChannelSpec(family="noise", sd=0.2)
    rng = np.random.default_rng(4)
    true = np.log([0.55, 0.35, 0.1])
    keys = [b"Yes", b"No", b"Well"]

    known = spelling_tokens(keys, YES_NO)

    def ask(n):
        noise = rng.normal(0, 0.2, (n, 3))
        rows = [zip(keys, true + row, strict=True) for row in noise]
        repeats = [[Position(tuple(entry(key, x) for key, x in row))] for row in rows]
        return gather(spec, repeats, YES_NO, vocabulary=known)

    one, many = (ask(n).mean([1, 0, 0]) for n in (1, 30))
    assert (one.guaranteed, one.confidence, many.calls) == (False, 0.95, 30)
    assert many.sd < one.sd / 4
    assert many.contains(0.55 / 0.9)
    inside = 0
    for _ in range(400):
        inside += ask(3).log_odds("yes", "no").contains(true[0] - true[1])
    assert 0.92 <= inside / 400 <= 0.98


def test_sampling_answers_the_same_questions():
    texts = ["Yes"] * 60 + [" no."] * 30 + ["Not sure"] * 5 + ["Who knows"] * 5
    sampled = Sampled(texts, YES_NO)
    assert sampled.seen == pytest.approx(0.95)
    assert sampled.share("yes").value == pytest.approx(60 / 95)
    assert sampled.probability("yes").value == pytest.approx(0.6)
    assert sampled.log_odds("yes", "no").value == pytest.approx(np.log(2))
    mean = sampled.mean([1.0, 0.0, 0.5])
    assert mean.value == pytest.approx(62.5 / 95)
    assert mean.low < mean.value < mean.high
    assert not mean.guaranteed
    nothing = Sampled(["Who knows"], YES_NO)
    assert nothing.mean([1.0, 0.0, 0.5]).value is None
    assert (nothing.mean([1.0, 0.0, 0.5]).low, nothing.mean([1.0, 0.0, 0.5]).high) == (0.0, 1.0)
    only = Sampled(["Yes"] * 10, YES_NO).log_odds("yes", "no")
    assert (only.value, only.high) == (None, None)
    assert only.low > 0
    with pytest.raises(GaugeblockError, match="no sampled text"):
        Sampled([], YES_NO)


def test_the_mean_of_samples_covers():
    numbers = make_answers({str(n): str(n) for n in range(11)})
    inside = 0
    for i in range(150):
        rng = np.random.default_rng([9, i])
        p = rng.dirichlet(np.full(11, 0.4))
        texts = [str(n) for n in rng.choice(11, size=25, p=p)]
        inside += Sampled(texts, numbers).mean(list(range(11))).contains(p @ np.arange(11))
    assert inside >= 0.93 * 150


def value(x, half, guaranteed=True):
    return BoundedValue(
        value=x,
        low=x - half,
        high=x + half,
        sd=half / 2,
        guaranteed=guaranteed,
        confidence=None if guaranteed else 0.95,
    )


def test_wordings_average_and_spellings_add_up():
    exact = average([value(0.5, 0.1), value(0.7, 0.1)])
    assert (exact.value, exact.low, exact.high) == pytest.approx((0.6, 0.5, 0.7))
    assert exact.sd == pytest.approx(0.05 / np.sqrt(2))
    noisy = average([value(0.5, 0.1, False), value(0.7, 0.1, False)])
    assert noisy.width == pytest.approx(0.2 / np.sqrt(2))
    mixed = average([value(0.5, 0.1), value(0.7, 0.1, False)])
    assert mixed.width == pytest.approx(0.2)
    total = any_of([value(-1.0, 0.1), value(-2.0, 0.2)])
    assert total.value == pytest.approx(logsumexp([-1.0, -2.0]))
    assert (total.low, total.high) == pytest.approx(
        (logsumexp([-1.1, -2.2]), logsumexp([-0.9, -1.8]))
    )
    preferred = through_logistic(swapped(value(0.8, 0.1), value(-0.2, 0.3)).preference)
    assert preferred.value == pytest.approx(1 / (1 + np.exp(-0.5)))
    assert preferred.low < preferred.value < preferred.high
    open_ended = BoundedValue(value=None, low=2.0, high=None)
    assert through_logistic(open_ended).high == 1.0
    with pytest.raises(GaugeblockError, match="no value"):
        average([])
