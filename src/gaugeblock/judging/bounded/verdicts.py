"""What the replies to a question's prompts say: verdicts with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

from gaugeblock.frozen import Record
from gaugeblock.judging.bounded.questions import LETTERS, Prompt
from gaugeblock.logprobs.bounds import (
    BoundedValue,
    Judgement,
    average,
    through_logistic,
    weighted_sum,
)

LEAST_SEEN = 0.25
"""Below this probability of all answers together a judge has not answered the question."""


class Verdict(Record):
    """What a judge says.

    Attributes:
        kind: rating, yes_no, choice or pairwise.
        method: logprobs or sampling.
        value: the rating, P(yes), the share of the chosen option or P(the first is preferred).
            Without a value it was not measured, and the interval spans what was not excluded.
        shares: the share of each answer, by name; empty for a rating.
        choice: name of the answer with the largest share, the first of equals.
        tied: further answers whose reported share equals the largest.
        not_excluded: answers, the choice included, that the channel cannot rule out.
        log_odds: of the first of two answers over the second, free of position bias, nats.
        position_bias: log-odds of whichever of two answers is offered first, nats.
        places: share of each place of the offer, averaged over the orders; even without bias
            where every order was asked.
        wording_sd: standard deviation of the value between prompts; None for a single prompt.
        seen: probability of all answers together.
        calls: how many replies went in.
        unmeasured: why there is no value; None if there is one.
    """

    kind: str
    method: str
    value: BoundedValue
    shares: dict[str, BoundedValue] = {}
    choice: str | None = None
    tied: tuple[str, ...] = ()
    not_excluded: tuple[str, ...] = ()
    log_odds: BoundedValue | None = None
    position_bias: BoundedValue | None = None
    places: dict[str, BoundedValue] = {}
    wording_sd: float | None = None
    seen: float
    calls: int
    unmeasured: str | None = None


def _spread(values: Sequence[BoundedValue]) -> float | None:
    known = [value.value for value in values if value.value is not None]
    if len(known) < 2 or len(known) < len(values):
        return None
    mean = sum(known) / len(known)
    return float((sum((x - mean) ** 2 for x in known) / (len(known) - 1)) ** 0.5)


def _missing(values: Sequence[BoundedValue], seen: float) -> str | None:
    silent = sum(value.value is None for value in values)
    if silent:
        return f"in {silent} of {len(values)} prompts no answer was given"
    if seen < LEAST_SEEN:
        return f"the answers have a probability of {seen:.3f} together"
    return None


def _method(judgements: Sequence[Judgement]) -> str:
    return " and ".join(sorted({judgement.method for judgement in judgements}))


def _unless_missing(value: BoundedValue, missing: str | None) -> BoundedValue:
    return value if missing is None else value.model_copy(update={"value": None, "sd": None})


def rating_verdict(judgements: Sequence[Judgement], scores: Sequence[float]) -> Verdict:
    """Return the mean rating over wordings.

    Args:
        judgements: one per wording.
        scores: score of each answer.
    """
    values = [judgement.mean(scores) for judgement in judgements]
    seen = sum(judgement.seen for judgement in judgements) / len(judgements)
    missing = _missing(values, seen)
    return Verdict(
        kind="rating",
        method=_method(judgements),
        value=_unless_missing(average(values), missing),
        wording_sd=_spread(values),
        seen=seen,
        calls=sum(judgement.calls for judgement in judgements),
        unmeasured=missing,
    )


def _places(
    prompts: Sequence[Prompt], by_prompt: Sequence[dict[str, BoundedValue]]
) -> dict[str, BoundedValue]:
    """Return the mean share of each place of the offer."""
    if not all(prompt.places for prompt in prompts):
        return {}
    count = len(prompts[0].answers)
    found = {}
    for place in range(count):
        shares = [
            shares[prompt.answers[prompt.places.index(place)].name]
            for prompt, shares in zip(prompts, by_prompt, strict=True)
        ]
        found[LETTERS[place]] = average(shares)
    return found


def shares_verdict(
    kind: str, prompts: Sequence[Prompt], judgements: Sequence[Judgement]
) -> Verdict:
    """Return the verdict on named answers: shares averaged over wordings and orders.

    Averaging over both orders of two answers, or all cyclic orders of more, leaves nothing of an
    additive taste for a place.

    Args:
        kind: ``yes_no``, ``choice`` or ``pairwise``; of two answers the value is the first's.
        prompts: the prompts.
        judgements: one per prompt.
    """
    names = judgements[0].names
    by_prompt = [{name: judgement.share(name) for name in names} for judgement in judgements]
    shares = {name: average([shares[name] for shares in by_prompt]) for name in names}
    seen = sum(judgement.seen for judgement in judgements) / len(judgements)
    missing = _missing([shares[names[0]] for shares in by_prompt], seen)
    known = {name: share.value for name, share in shares.items() if share.value is not None}
    best = max(known, key=lambda name: known[name]) if known and missing is None else None
    top = max(known.values(), default=0.0)
    tied = tuple(name for name, x in known.items() if name != best and abs(x - top) < 1e-12)
    standing = tuple(
        name
        for name, share in shares.items()
        if not any(other.certainly_above(share) for other in shares.values())
    )
    told = names[0] if kind != "choice" or best is None else best
    bias = odds = None
    value = shares[told]
    if len(names) == 2 and kind != "choice":
        odds, bias = _log_odds(prompts, judgements)
    return Verdict(
        kind=kind,
        method=_method(judgements),
        value=_unless_missing(value, missing),
        shares=shares,
        choice=best,
        tied=tied if best is not None else (),
        not_excluded=standing,
        log_odds=odds,
        position_bias=bias,
        places=_places(prompts, by_prompt),
        wording_sd=_spread([shares[told] for shares in by_prompt]),
        seen=seen,
        calls=sum(judgement.calls for judgement in judgements),
        unmeasured=missing,
    )


def _log_odds(
    prompts: Sequence[Prompt], judgements: Sequence[Judgement]
) -> tuple[BoundedValue, BoundedValue]:
    """Return the log-odds of the first answer, and those of whichever is offered first."""
    first, second = judgements[0].names
    odds = [judgement.log_odds(first, second) for judgement in judgements]
    even = [1 / len(odds)] * len(odds)
    forward = [-1.0 if prompt.places[:1] == (1,) else 1.0 for prompt in prompts]
    signed = [weight * sign for weight, sign in zip(even, forward, strict=True)]
    return weighted_sum(odds, even), weighted_sum(odds, signed)


def preference(verdict: Verdict) -> BoundedValue:
    """Return P(the first is preferred) with the position bias taken out of the log-odds.

    Where the log-odds have no value (an answer was never given) it is the mean of the shares.
    """
    if verdict.log_odds is None or verdict.log_odds.value is None:
        return verdict.value
    return through_logistic(verdict.log_odds)
