"""Inspect scorers whose every score carries the interval that the judge's API allows.

A score has four values, each with its own metrics: ``value``, the guaranteed (or 95 %) ends
``low`` and ``high``, and the typical error ``sd``. A sample that could not be judged has no value
but keeps its ends, so that the means of ``low`` and ``high`` bound the mean in the worst case.
Everything else stands in the score's metadata under ``verdict``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from inspect_ai.model import Model, get_model
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState

from gaugeblock.errors import GaugeblockError
from gaugeblock.judging.bounded.inspect_asker import InspectAsker
from gaugeblock.judging.bounded.judge import Judge
from gaugeblock.judging.bounded.questions import LETTERS
from gaugeblock.judging.bounded.verdicts import Verdict
from gaugeblock.logprobs.bounds import BoundedValue
from gaugeblock.logprobs.card import ChannelCard, read_card
from gaugeblock.logprobs.spec import ChannelSpec

Channel = str | Path | ChannelCard | ChannelSpec | None
Method = Literal["auto", "logprobs", "sampling"]

_METRICS: Any = {
    "value": [mean(), stderr()],
    "low": [mean()],
    "high": [mean()],
    "sd": [mean()],
}


def channel_of(channel: Channel) -> ChannelCard | ChannelSpec | None:
    """Return a channel, read from its card where a path was given.

    Raises:
        GaugeblockError: the file is no channel card.
    """
    return read_card(Path(channel)) if isinstance(channel, str | Path) else channel


def _judge(
    model: str | Model | None,
    channel: Channel,
    method: Method,
    samples: int,
    repeats: int,
    wordings: int | Sequence[str] | None,
    max_tokens: int,
    seed: int | None,
) -> Judge:
    # The model is looked up when it scores, so that the default is the model under test.
    asker = InspectAsker(get_model(model), max_tokens=max_tokens, seed=seed)
    return Judge(
        asker,
        channel=channel_of(channel),
        method=method,
        samples=samples,
        repeats=repeats,
        wordings=wordings,
    )


def _score(value: BoundedValue, verdict: Verdict, span: tuple[float, float]) -> Score:
    low = span[0] if value.low is None else value.low
    high = span[1] if value.high is None else value.high
    if verdict.unmeasured is not None:
        # Nothing was judged: anything on the scale may be true.
        low, high = span
    return Score(
        value={
            "value": math.nan if value.value is None else value.value,
            "low": low,
            "high": high,
            "sd": math.nan if value.sd is None else value.sd,
        },
        answer=verdict.choice,
        explanation=_words(verdict.value, verdict),
        metadata={"verdict": verdict.model_dump(mode="json")},
    )


def _words(value: BoundedValue, verdict: Verdict) -> str:
    if verdict.unmeasured is not None:
        return f"not measured: {verdict.unmeasured}"
    low = "-inf" if value.low is None else f"{value.low:.4g}"
    high = "inf" if value.high is None else f"{value.high:.4g}"
    kind = "guaranteed" if value.guaranteed else "95 %"
    calls = f"{verdict.calls} call" + ("s" if verdict.calls != 1 else "")
    tied = f"; tied with {', '.join(verdict.tied)}" if verdict.tied else ""
    return f"{value.value:.4g} [{low}, {high}] {kind}, {verdict.method}, {calls}{tied}"


def _material(state: TaskState) -> str:
    return f"Question:\n{state.input_text}\n\nAnswer:\n{state.output.completion}"


@scorer(metrics=_METRICS)
def bounded_rating(
    criterion: str,
    *,
    low: int = 0,
    high: int = 10,
    channel: Channel = None,
    model: str | Model | None = None,
    method: Method = "auto",
    samples: int = 20,
    repeats: int = 1,
    wordings: int | Sequence[str] | None = None,
    max_tokens: int = 8,
    seed: int | None = None,
) -> Scorer:
    """Rate the answer of a sample on whole numbers; the score is the mean rating.

    Args:
        criterion: a statement about the answer, such as "The answer is polite."
        low: lowest rating.
        high: highest rating.
        channel: channel card (or its path) of the judge's API; None takes numbers as exact.
        model: the judge; None for the model under test.
        method: ``auto`` samples where there are no logprobs.
        samples: replies per prompt where it must be sampled.
        repeats: replies per prompt under a channel of noise.
        wordings: how many shipped wordings, or your own with {material}, {criterion}, {low} and
            {high}.
        max_tokens: longest reply of the judge.
        seed: seed of the judge's first reply.
    """

    async def score(state: TaskState, target: Target) -> Score:
        judge = _judge(model, channel, method, samples, repeats, wordings, max_tokens, seed)
        verdict = await judge.rate(_material(state), criterion, range(low, high + 1))
        return _score(verdict.value, verdict, (float(low), float(high)))

    return score


@scorer(metrics=_METRICS)
def bounded_yes_no(
    criterion: str,
    *,
    channel: Channel = None,
    model: str | Model | None = None,
    method: Method = "auto",
    samples: int = 20,
    repeats: int = 1,
    wordings: int | Sequence[str] | None = None,
    max_tokens: int = 8,
    seed: int | None = None,
) -> Scorer:
    """Ask a yes/no question about the answer of a sample; the score is P(yes).

    Args:
        criterion: the question, such as "Is the answer polite?"
        channel: see :func:`bounded_rating`.
        model: the judge; None for the model under test.
        method: see :func:`bounded_rating`.
        samples: see :func:`bounded_rating`.
        repeats: see :func:`bounded_rating`.
        wordings: with {material}, {criterion}, {first}, {second}.
        max_tokens: longest reply of the judge.
        seed: seed of the judge's first reply.
    """

    async def score(state: TaskState, target: Target) -> Score:
        judge = _judge(model, channel, method, samples, repeats, wordings, max_tokens, seed)
        verdict = await judge.yes_no(_material(state), criterion)
        return _score(verdict.value, verdict, (0.0, 1.0))

    return score


@scorer(metrics=_METRICS)
def bounded_pairwise(
    criterion: str,
    *,
    rival: str = "target",
    channel: Channel = None,
    model: str | Model | None = None,
    method: Method = "auto",
    samples: int = 20,
    repeats: int = 1,
    wordings: int | Sequence[str] | None = None,
    max_tokens: int = 8,
    seed: int | None = None,
) -> Scorer:
    """Compare the answer of a sample with a rival, in both orders; the score is P(ours is it).

    Args:
        criterion: a question whose answer is one of the texts, such as "Which text is clearer?"
        rival: where the other text stands: ``target``, or a key of the sample's metadata.
        channel: see :func:`bounded_rating`.
        model: the judge; None for the model under test.
        method: see :func:`bounded_rating`.
        samples: see :func:`bounded_rating`.
        repeats: see :func:`bounded_rating`.
        wordings: with {criterion}, {first}, {second}.
        max_tokens: longest reply of the judge.
        seed: seed of the judge's first reply.
    """

    async def score(state: TaskState, target: Target) -> Score:
        other = target.text if rival == "target" else state.metadata.get(rival)
        if not other:
            raise GaugeblockError(
                "the sample has no text to compare with", where=f"sample {state.sample_id}, {rival}"
            )
        judge = _judge(model, channel, method, samples, repeats, wordings, max_tokens, seed)
        verdict = await judge.compare(criterion, state.output.completion, str(other))
        return _score(verdict.value, verdict, (0.0, 1.0))

    return score


@scorer(metrics=_METRICS)
def bounded_choice(
    *,
    by: Literal["letter", "text"] = "letter",
    orders: int | None = None,
    channel: Channel = None,
    model: str | Model | None = None,
    method: Method = "auto",
    samples: int = 20,
    repeats: int = 1,
    wordings: int | Sequence[str] | None = None,
    max_tokens: int = 16,
    seed: int | None = None,
) -> Scorer:
    """Let a model choose among a sample's choices, in cyclic orders; 1 if it takes the target.

    ``low`` is 1 where the channel leaves no option but the target, and ``high`` 0 where it rules
    the target out; so the means of both bound the accuracy. Needs no solver.

    Args:
        by: whether to answer with a letter or with the option's own words.
        orders: how many cyclic orders to ask; None for as many as there are options.
        channel: see :func:`bounded_rating`.
        model: who chooses; None for the model under test.
        method: see :func:`bounded_rating`.
        samples: see :func:`bounded_rating`.
        repeats: see :func:`bounded_rating`.
        wordings: with {criterion} and {options}.
        max_tokens: longest reply.
        seed: seed of the first reply.
    """

    async def score(state: TaskState, target: Target) -> Score:
        options = [choice.value for choice in state.choices]
        # A solver may have shuffled the choices; the target names the original place.
        places = [str(choice.original_position) for choice in state.choices]
        wanted = target_place(target.text, options, places, state.sample_id)
        judge = _judge(model, channel, method, samples, repeats, wordings, max_tokens, seed)
        verdict = await judge.choose(state.input_text, options, by=by, orders=orders)
        right = BoundedValue(
            value=None if verdict.unmeasured else float(verdict.choice == wanted),
            low=float(verdict.not_excluded == (wanted,)),
            high=float(wanted in verdict.not_excluded),
            sd=None,
            guaranteed=verdict.value.guaranteed,
            confidence=verdict.value.confidence,
            calls=verdict.calls,
        )
        return _score(right, verdict, (0.0, 1.0))

    return score


def target_place(
    target: str, options: Sequence[str], places: Sequence[str], ident: int | str
) -> str:
    """Return which of the options shown is the target, given as a letter or as its words.

    Args:
        target: the sample's target.
        options: the options in the order shown.
        places: for each the place it had in the sample.
        ident: the sample, for errors.

    Raises:
        GaugeblockError: the target is none of them.
    """
    letter = target.strip()
    if len(letter) == 1 and letter in LETTERS and str(LETTERS.index(letter)) in places:
        return str(places.index(str(LETTERS.index(letter))))
    if target in options:
        return str(options.index(target))
    raise GaugeblockError("the target is none of the choices", where=f"sample {ident}")
