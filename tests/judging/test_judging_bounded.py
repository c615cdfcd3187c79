"""Verdicts of a judge whose true preferences are known."""

import asyncio
import math

import numpy as np
import pytest
from judging_simulated import SimulatedJudge

from gaugeblock.errors import GaugeblockError
from gaugeblock.judging.bounded.judge import Judge
from gaugeblock.judging.bounded.questions import (
    choice_prompts,
    pairwise_prompts,
    wordings,
    yes_no_prompts,
)
from gaugeblock.judging.bounded.verdicts import preference
from gaugeblock.logprobs.spec import ChannelSpec

QUARTER = ChannelSpec(family="step", step=0.25)
QUALITY = {"plain": 0.0, "good": 1.3, "fine": 1.3, "best": 2.4}
BIAS = 0.7


def compare_logits(prompt):
    """Prefers the better text, and whatever is called A."""
    first, second = (
        next(name for name in QUALITY if f"<{name}>" in part) for part in _halves(prompt)
    )
    return {"A": 20.0 + QUALITY[first] + BIAS, "B": 20.0 + QUALITY[second], "Well": 15.0}


def _halves(prompt):
    marks = sorted((prompt.index(f"<{name}>"), name) for name in QUALITY if f"<{name}>" in prompt)
    return [f"<{name}>" for _, name in marks]


def run(coroutine):
    return asyncio.run(coroutine)


def test_both_orders_cancel_the_position_bias():
    asker = SimulatedJudge(compare_logits, ChannelSpec())
    verdict = run(Judge(asker).compare("Which is better?", "<plain>", "<good>"))
    assert verdict.log_odds.value == pytest.approx(-1.3, abs=1e-4)
    assert verdict.position_bias.value == pytest.approx(BIAS, abs=1e-4)
    assert preference(verdict).value == pytest.approx(1 / (1 + math.exp(1.3)), abs=1e-4)
    assert verdict.choice == "second"
    assert verdict.not_excluded == ("second",)
    assert verdict.places["A"].value > 0.5
    assert (verdict.calls, verdict.method) == (2 * len(wordings("pairwise")), "logprobs")


@pytest.mark.parametrize("seed", range(20))
def test_verdicts_through_a_grid_hold_the_truth(seed):
    rng = np.random.default_rng(seed)
    quality = {name: float(rng.normal(0, 2)) for name in QUALITY}
    bias = float(rng.normal(0, 0.5))

    def logits(prompt):
        one, two = (part.strip("<>") for part in _halves(prompt))
        offset = 0.1 * (len(prompt) % 7)
        return {"A": 25.0 + quality[one] + bias + offset, "B": 25.0 + quality[two], "Hm": 18.0}

    judge = Judge(SimulatedJudge(logits, QUARTER), QUARTER)
    verdict = run(judge.compare("Which?", "<best>", "<plain>"))
    assert verdict.log_odds.guaranteed
    assert verdict.log_odds.contains(quality["best"] - quality["plain"])
    assert verdict.log_odds.sd < QUARTER.step / math.sqrt(6)


def test_a_ranking_names_ties_and_what_the_channel_cannot_order():
    items = {name: f"<{name}>" for name in QUALITY}
    judge = Judge(SimulatedJudge(compare_logits, QUARTER), QUARTER)
    ranking = run(judge.rank("Which is better?", items))
    assert ranking.ordering.order[0] == "best"
    assert ranking.ordering.order[-1] == "plain"
    assert ("good", "fine") in ranking.ordering.ties
    assert ("good", "fine") in ranking.ordering.unordered
    assert ("plain", "best") not in ranking.ordering.unordered
    assert ranking.ordering.pairs == 6


def test_ranking_by_rating_and_by_offering_all():
    def rate(prompt):
        name = next(name for name in QUALITY if f"<{name}>" in prompt)
        return {str(n): 20.0 - (n - 3 - 2 * QUALITY[name]) ** 2 for n in range(11)}

    items = {name: f"<{name}>" for name in QUALITY}
    rated = run(
        Judge(SimulatedJudge(rate, QUARTER), QUARTER).rank("It is good.", items, by="rating")
    )
    assert rated.ordering.order[0] == "best"
    assert ("good", "fine") in rated.ordering.ties
    assert rated.verdicts["plain"].value.value == pytest.approx(3.0, abs=0.2)

    def offer(prompt):
        order = [part.strip("<>") for part in _halves(prompt)]
        return {letter: 20 + QUALITY[name] for letter, name in zip("ABCD", order, strict=True)}

    listed = run(Judge(SimulatedJudge(offer, QUARTER), QUARTER).rank("Best?", items, by="listwise"))
    assert listed.ordering.order[0] == "best"
    assert ("good", "fine") in listed.ordering.unordered
    with pytest.raises(GaugeblockError, match="at least two items"):
        run(Judge(SimulatedJudge(offer)).rank("Best?", {"a": "x"}))


def test_yes_no_and_choice_by_letter_and_by_words():
    def answer(prompt):
        return {"Yes": 20.0, " yes": 19.0, "No": 18.5, "NO": 17.0, "Maybe": 16.0}

    verdict = run(Judge(SimulatedJudge(answer, ChannelSpec())).yes_no("A text.", "Is it so?"))
    mass = {word: math.exp(x - 20) for word, x in answer("").items()}
    yes, no = mass["Yes"] + mass[" yes"], mass["No"] + mass["NO"]
    assert verdict.value.value == pytest.approx(yes / (yes + no), abs=1e-5)
    assert verdict.position_bias.value == pytest.approx(0.0, abs=1e-6)
    assert verdict.seen == pytest.approx((yes + no) / sum(mass.values()), abs=1e-5)

    options = ["green tea", "black coffee", "water"]

    def letters(prompt):
        right = next(x for x in "ABC" if f"{x}. black coffee" in prompt)
        return {x: 20.0 + (2.0 if x == right else 0.0) + (1.0 if x == "A" else 0) for x in "ABC"}

    judge = Judge(SimulatedJudge(letters, QUARTER), QUARTER)
    chosen = run(judge.choose("What to drink?", options))
    assert chosen.choice == "1"
    assert chosen.not_excluded == ("1",)
    assert chosen.places["A"].value > chosen.places["B"].value
    words = Judge(SimulatedJudge(lambda _: {"Black": 20.0, "green": 17.0, "Water": 16.0, "?": 9.0}))
    by_words = run(words.choose("What to drink?", options, by="text"))
    assert (by_words.choice, by_words.method) == (None, "sampling")
    told = Judge(
        SimulatedJudge(lambda _: {"Black": 20.0, "green": 17.0, "Water": 16.0}, ChannelSpec())
    )
    by_words = run(told.choose("What to drink?", options, by="text"))
    assert by_words.choice == "1"
    # "Black" is only a beginning: without the next position it may come to nothing.
    assert by_words.shares["1"].low == 0.0


def test_equal_shares_are_named_as_ties():
    judge = Judge(SimulatedJudge(lambda _: {"A": 20.0, "B": 20.0, "C": 11.0}, QUARTER), QUARTER)
    verdict = run(judge.choose("Which?", ["x", "y", "z"], orders=1))
    assert (verdict.choice, verdict.tied) == ("0", ("1",))
    assert set(verdict.not_excluded) >= {"0", "1"}


def test_without_logprobs_the_judge_is_sampled():
    asker = SimulatedJudge(lambda _: {"7": 20.0, "8": 20.0, "no idea": 18.0})
    verdict = run(Judge(asker, samples=25).rate("A text.", "It is good.", range(11)))
    assert verdict.method == "sampling"
    assert not verdict.value.guaranteed
    assert verdict.value.confidence == 0.95
    assert verdict.value.contains(7.5)
    assert verdict.calls == 25 * len(wordings("rating"))
    asked_for = [logprobs for _, logprobs in asker.asked]
    assert asked_for.count(True) == len(wordings("rating"))
    with pytest.raises(GaugeblockError, match="gives no logprobs"):
        run(Judge(asker, method="logprobs").yes_no("A text.", "Is it good?"))


def test_a_judge_that_does_not_answer_is_not_measured():
    asker = SimulatedJudge(lambda _: {"I": 25.0, "Sorry": 24.0, "7": 15.0}, ChannelSpec())
    verdict = run(Judge(asker).rate("A text.", "It is good.", range(11)))
    assert verdict.value.value is None
    assert "probability of 0.000" in verdict.unmeasured
    assert verdict.value.contains(7.0)


def test_repeats_are_averaged_under_noise_alone():
    noise = ChannelSpec(family="noise", sd=0.2)

    def logits(_):
        return {"Yes": 20.0, "No": 19.0}

    one = run(Judge(SimulatedJudge(logits, noise), noise).yes_no("x", "y?"))
    ten = run(Judge(SimulatedJudge(logits, noise), noise, repeats=10).yes_no("x", "y?"))
    assert ten.value.sd < one.value.sd / 2
    assert ten.calls == 10 * one.calls
    grid = Judge(SimulatedJudge(logits, QUARTER), QUARTER, repeats=10)
    assert run(grid.yes_no("x", "y?")).calls == one.calls


def test_prompts_offer_every_order_and_take_texts_as_they_are():
    prompts = pairwise_prompts("Which {one}?", ("{first} is {x}", "b"), wordings("pairwise", 1))
    assert "{first} is {x}" in prompts[0].text
    assert [prompt.places for prompt in prompts] == [(0, 1), (1, 0)]
    both = yes_no_prompts("m", "c", ["{material} {criterion} {first} or {second}"])
    assert [prompt.text for prompt in both] == ["m c Yes or No", "m c No or Yes"]
    turned = choice_prompts("q", ["x", "y", "z"], ["{criterion} {options}"])
    assert sorted(prompt.places for prompt in turned) == [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    with pytest.raises(GaugeblockError, match="placeholder"):
        yes_no_prompts("m", "c", ["{wrong}"])
    with pytest.raises(GaugeblockError, match="2 to 26 options"):
        choice_prompts("q", ["x"], ["{options}"])
    with pytest.raises(GaugeblockError, match="shipped"):
        wordings("rating", 99)
