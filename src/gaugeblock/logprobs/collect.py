"""Collect rows from a source within a budget of calls, asking first what can decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from gaugeblock.errors import GaugeblockError
from gaugeblock.logprobs.channel.grid import ENOUGH_BITS, identify
from gaugeblock.logprobs.channel.readings import read_row, readings
from gaugeblock.logprobs.prompts import ProbePrompts, probe_prompts
from gaugeblock.logprobs.rows import Greedy, Recording, Row
from gaugeblock.logprobs.source import Source

LEAST_BUDGET = 8
HEATS = (0.0, 0.5, 2.0)
_GREEDY_TOKENS = 48
_FIRST_ROUND = 4
# A verdict this far beyond the threshold will not be overturned by a few more prompts.
_SETTLED = ENOUGH_BITS + 10


@dataclass
class _Collector:
    source: Source
    k: int
    progress: Callable[[int], None]
    rows: list[Row]
    calls: int = 0

    def ask(self, prompt: str, repeat: int = 0, temperature: float = 1.0) -> Row:
        answer = self.source.ask(prompt, temperature=temperature, k=self.k)
        row = Row(prompt, repeat, temperature, self.k, answer.top, answer.chosen)
        self.rows.append(row)
        self._count()
        return row

    def text(self, prompt: str, logprobs: bool) -> str:
        answer = self.source.ask(
            prompt, temperature=0.0, k=self.k, logprobs=logprobs, max_tokens=_GREEDY_TOKENS
        )
        self._count()
        return answer.text

    def _count(self) -> None:
        self.calls += 1
        self.progress(self.calls)


def _spread(row: Row) -> float:
    reading = read_row(row, 0.0)
    return 0.0 if reading is None else float(reading.gaps[-1])


def _wordings(prompts: ProbePrompts, order: Sequence[int]) -> Iterator[str]:
    """Yield second and later wordings, topics with the widest range of logits first."""
    longest = max(len(topic) for topic in prompts.topics)
    for wording in range(1, longest):
        for topic in order:
            if wording < len(prompts.topics[topic]):
                yield prompts.topics[topic][wording]


def collect(
    source: Source,
    *,
    budget: int = 40,
    k: int = 20,
    progress: Callable[[int], None] = lambda calls: None,
) -> Recording:
    """Ask a source what the probe needs to know, in at most ``budget`` calls.

    A few topics first, each once; then further wordings of the topics whose logits range widest,
    until the grid is settled; every second call repeats a prompt, which tells modes from noise.
    Five calls are kept for the temperature convention and for whether asking for logprobs
    changes the text. What is left of the budget repeats prompts, for the G-test.

    Args:
        source: whom to ask.
        budget: most calls, at least 8.
        k: tokens to list.
        progress: told the number of calls after each.

    Raises:
        GaugeblockError: if the budget is too small, or the source fails.
    """
    if budget < LEAST_BUDGET:
        raise GaugeblockError(
            f"a budget of {budget} calls decides nothing", remedy=f"Allow {LEAST_BUDGET} or more"
        )
    prompts = probe_prompts()
    asking = _Collector(source, k, progress, [])
    # Three temperatures and their reference, and two texts.
    extras = 6 if budget >= 2 * LEAST_BUDGET else 0
    room = budget - extras
    first = [asking.ask(topic[0]) for topic in prompts.topics[: min(_FIRST_ROUND, room // 2)]]
    repeated = [asking.ask(row.prompt, 1) for row in first[:2]]
    rest = prompts.topics[len(first) : len(first) + max(0, min(6, (room - asking.calls) // 3))]
    first += [asking.ask(topic[0]) for topic in rest]
    order = sorted(range(len(first)), key=lambda i: -_spread(first[i]))
    queue = _wordings(prompts, order)
    counts = {row.prompt: 1 for row in first} | {row.prompt: 2 for row in repeated}
    settled = False
    while asking.calls < room:
        if not settled and asking.calls % 8 == 0:
            settled = identify(readings(asking.rows)).bits >= _SETTLED
        wording = None if settled else next(queue, None)
        if wording is None:
            wording = min(counts, key=lambda prompt: counts[prompt])
        asking.ask(wording, counts.get(wording, 0))
        counts[wording] = counts.get(wording, 0) + 1
    greedy: tuple[Greedy, ...] = ()
    if extras:
        for heat in (1.0, *HEATS):
            asking.ask(prompts.temperature_prompt, 0, heat)
        question = prompts.greedy_prompt
        texts = (asking.text(question, True), asking.text(question, False))
        greedy = (Greedy(question, *texts),)
    return Recording(tuple(asking.rows), greedy)
