"""Put a question to a judge in all its wordings and orders, and say what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.judging.bounded.asking import Asker, Reply
from gaugeblock.judging.bounded.questions import (
    Kind,
    Prompt,
    choice_prompts,
    pairwise_prompts,
    rating_prompts,
    wordings,
    yes_no_prompts,
)
from gaugeblock.judging.bounded.verdicts import Verdict, rating_verdict, shares_verdict
from gaugeblock.logprobs.bounds import (
    BoundedValue,
    Judgement,
    Ordering,
    Sampled,
    candidates_of,
    gather,
    order_by_log_odds,
    order_by_value,
    spelling_tokens,
)
from gaugeblock.logprobs.card import ChannelCard
from gaugeblock.logprobs.spec import ChannelSpec


@dataclass(frozen=True)
class Judge:
    """A model that judges, and how its numbers are read.

    Attributes:
        asker: the model.
        channel: what its API does to logprobs; None takes the reported numbers as exact, and the
            intervals are then only as good as that.
        method: ``auto`` uses logprobs where they come and samples where they do not.
        samples: replies per prompt where it must be sampled.
        repeats: replies per prompt under a channel that adds noise, averaged; a grid is the
            same each time, so elsewhere one is enough.
        wordings: how many shipped wordings to ask, or your own; None for all shipped.
        exact: count only first tokens that are an answer and nothing else.
        vocabulary: the tokens of the judge's tokenizer by bytes, where they are known; narrows
            the intervals.
    """

    asker: Asker
    channel: ChannelCard | ChannelSpec | None = None
    method: Literal["auto", "logprobs", "sampling"] = "auto"
    samples: int = 20
    repeats: int = 1
    wordings: int | Sequence[str] | None = None
    exact: bool = False
    vocabulary: Iterable[bytes] | None = field(default=None, repr=False)

    def _asked(self, kind: Kind) -> list[str]:
        if self.wordings is None or isinstance(self.wordings, int):
            return wordings(kind, self.wordings)
        if not self.wordings:
            raise GaugeblockError("a question needs at least one wording")
        return list(self.wordings)

    async def judge(self, prompt: Prompt) -> Judgement:
        """Ask one prompt and gather its answers.

        Raises:
            GaugeblockError: if logprobs were demanded and did not come, or they cannot have come
                from the stated channel.
        """
        replies: list[Reply] = []
        if self.method != "sampling":
            candidates = candidates_of(self.channel)
            noisy = candidates[0].family == "noise"
            count = max(self.repeats, 1) if noisy else 1
            # At temperature 1 every convention of what a temperature does agrees.
            replies = [await self.asker.ask(prompt.text, logprobs=True, temperature=1.0)]
            if replies[0].positions:
                replies += [
                    await self.asker.ask(prompt.text, logprobs=True, temperature=1.0)
                    for _ in range(count - 1)
                ]
                told = [reply.positions for reply in replies if reply.positions]
                known = None
                if self.vocabulary is not None:
                    known = spelling_tokens(self.vocabulary, prompt.answers)
                return gather(
                    self.channel, told, prompt.answers, vocabulary=known, exact=self.exact
                )
            if self.method == "logprobs":
                raise GaugeblockError(
                    "the judge gives no logprobs", remedy="Use --method sampling or auto"
                )
            # The next ones are asked without: that may change how long a reply may be.
        texts = [
            (await self.asker.ask(prompt.text, logprobs=False, temperature=1.0)).text
            for _ in range(max(self.samples, 1))
        ]
        return Sampled(texts, prompt.answers, exact=self.exact)

    async def _judge_all(self, prompts: Sequence[Prompt]) -> list[Judgement]:
        return list(await asyncio.gather(*(self.judge(prompt) for prompt in prompts)))

    async def rate(self, material: str, criterion: str, scale: Sequence[int]) -> Verdict:
        """Rate a text: how much a criterion holds, on whole numbers.

        Raises:
            GaugeblockError: see :meth:`judge`; or the scale has fewer than two numbers.
        """
        prompts = rating_prompts(material, criterion, scale, self._asked("rating"))
        judgements = await self._judge_all(prompts)
        return rating_verdict(judgements, [float(name) for name in judgements[0].names])

    async def yes_no(self, material: str, criterion: str) -> Verdict:
        """Ask a yes/no question about a text, in both orders of the two words."""
        prompts = yes_no_prompts(material, criterion, self._asked("yes_no"))
        return shares_verdict("yes_no", prompts, await self._judge_all(prompts))

    async def choose(
        self,
        criterion: str,
        options: Sequence[str],
        *,
        by: Literal["letter", "text"] = "letter",
        orders: int | None = None,
    ) -> Verdict:
        """Choose among options, in cyclic orders; see :func:`choice_prompts`."""
        kind: Kind = "choice_letter" if by == "letter" else "choice_text"
        prompts = choice_prompts(criterion, options, self._asked(kind), by=by, orders=orders)
        return shares_verdict("choice", prompts, await self._judge_all(prompts))

    async def compare(self, criterion: str, first: str, second: str) -> Verdict:
        """Compare two texts, in both orders; the value is P(the first is preferred)."""
        prompts = pairwise_prompts(criterion, (first, second), self._asked("pairwise"))
        return shares_verdict("pairwise", prompts, await self._judge_all(prompts))

    async def rank(
        self,
        criterion: str,
        items: dict[str, str],
        *,
        by: Literal["pairwise", "listwise", "rating"] = "pairwise",
        scale: Sequence[int] = range(11),
    ) -> Ranking:
        """Rank texts by comparing all pairs, by offering all at once, or by rating each.

        Args:
            criterion: for pairwise and listwise a question whose answer is one of the texts
                ("Which text is clearer?"), for rating a statement about one text.
            items: texts by name, at least two.
            by: how.
            scale: numbers of a rating.

        Raises:
            GaugeblockError: if there are fewer than two items.
        """
        names = list(items)
        if len(names) < 2:
            raise GaugeblockError("a ranking needs at least two items")
        if by == "pairwise":
            pairs = list(combinations(names, 2))
            found = [await self.compare(criterion, items[a], items[b]) for a, b in pairs]
            verdicts = {f"{a} : {b}": v for (a, b), v in zip(pairs, found, strict=True)}
            leads = {pair: _lead(v) for pair, v in zip(pairs, found, strict=True)}
            return Ranking(by=by, ordering=order_by_log_odds(names, leads), verdicts=verdicts)
        if by == "rating":
            rated = {name: await self.rate(items[name], criterion, scale) for name in names}
            values = {name: verdict.value for name, verdict in rated.items()}
            return Ranking(by=by, ordering=order_by_value(values), verdicts=rated)
        prompts = choice_prompts(criterion, list(items.values()), self._asked("listwise"))
        verdict = shares_verdict("choice", prompts, await self._judge_all(prompts))
        shares = {name: verdict.shares[str(i)] for i, name in enumerate(names)}
        return Ranking(by=by, ordering=order_by_value(shares), verdicts={"all": verdict})


class Ranking(Record):
    """A ranking, what it leaves open, and the verdicts behind it.

    Attributes:
        by: pairwise, listwise or rating.
        ordering: the order, its ties, and the pairs that the channel cannot order.
        verdicts: per pair, per item, or one for all.
    """

    by: str
    ordering: Ordering
    verdicts: dict[str, Verdict]


def _lead(verdict: Verdict) -> BoundedValue:
    """Return by how much the first of a pair leads: log-odds, or the share above one half."""
    if verdict.log_odds is not None and verdict.method == "logprobs":
        return verdict.log_odds
    return verdict.value.model_copy(
        update={
            name: None if x is None else x - 0.5
            for name in ("value", "low", "high")
            for x in [getattr(verdict.value, name)]
        }
    )
