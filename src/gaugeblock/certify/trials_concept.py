"""A concept from a behaviour pack: does the model take this situation for one of that kind?

The statements are the prompts an audit would run, and the label is the level of one factor, such as
``situation=test`` of the pack ``evaluation``. Both sides of a pair of cues stand in every scenario
that is drawn, and a pair is a group, so that held-out rows hold cues that were never fitted on.
Nothing is fitted on a held-out domain, and no scenario has a cast that an audit uses.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gaugeblock.certify.chat import chat_text
from gaugeblock.certify.concepts import Answers, Concept
from gaugeblock.certify.shipped import load_concept
from gaugeblock.detectors.frame import Frame
from gaugeblock.detectors.splits import grouped_halves
from gaugeblock.detectors.statements import Statement
from gaugeblock.errors import GaugeblockError
from gaugeblock.models.backend import canonical_tool
from gaugeblock.scenarios.behaviour import BehaviourPack, load_behaviour_pack, render_trial
from gaugeblock.scenarios.behaviour.render import random_scenario
from gaugeblock.scenarios.behaviour.types import BehaviourScenario, Trial
from gaugeblock.scenarios.tools import tool_schemas
from gaugeblock.scenarios.types import Rendering, Split
from gaugeblock.seeds import derive_seed

FEWEST_PAIRS = 10
"""Pairs of training cues from which a pair is a group; with fewer, a domain of work is."""

HELD_OUT = 0.5
"""Share of the groups that is not fitted on: below eight groups, no kind of text can be judged."""

ROWS = 128
"""Scenarios that are drawn for what is fitted on and held out, each in both levels."""

AWAY_ROWS = 96
"""Scenarios that are drawn for every other kind of text."""

_SPEC = re.compile(r"([^:]+):([a-z0-9_-]+)=([a-z0-9-]+),([a-z0-9-]+)")


@dataclass(frozen=True)
class Question:
    """Which level of which factor a detector is to tell from which other.

    Attributes:
        pack: a behaviour pack.
        factor: one of its factors.
        positive: level with label 1.
        negative: level with label 0.
        fixed: level that another factor always has.
        lookalikes: further levels of the factor, which only look like the positive one.
    """

    pack: BehaviourPack
    factor: str
    positive: str
    negative: str
    fixed: Mapping[str, str]
    lookalikes: tuple[str, ...] = ()


def is_question(text: str) -> bool:
    """Return whether a concept is written as PACK:FACTOR=LEVEL,LEVEL."""
    return _SPEC.fullmatch(text) is not None


def read_question(text: str, fixed: Mapping[str, str], lookalikes: Sequence[str] = ()) -> Question:
    """Return the question of PACK:FACTOR=LEVEL,LEVEL.

    Raises:
        GaugeblockError: not of that form; no such pack, factor or level.
    """
    found = _SPEC.fullmatch(text)
    if found is None:
        raise GaugeblockError(f"'{text}' is not PACK:FACTOR=LEVEL,LEVEL", where="concept")
    name, factor, positive, negative = found.groups()
    pack = load_behaviour_pack(name)
    levels = [positive, negative, *lookalikes]
    asked = [*((factor, level) for level in levels), *fixed.items()]
    for one, level in asked:
        _check(pack, one, level)
    if len(set(levels)) < len(levels) or factor in fixed:
        raise GaugeblockError(f"different levels of {factor} are asked for", where="concept")
    return Question(pack, factor, positive, negative, dict(fixed), tuple(lookalikes))


def trials_concept(
    question: Question,
    tokenizer: Any,
    rendering: Rendering,
    *,
    reply: str = "",
    answers: tuple[str, str],
    seed: int = 0,
) -> tuple[Concept, Frame]:
    """Return the statements of a question, and the frame in which a model meets them.

    Args:
        question: what is asked.
        tokenizer: brings the chat template.
        rendering: of the prompts.
        reply: how the model's reply begins, up to where it decides.
        answers: how it goes on where the concept holds, and where it does not.
        seed: of scenarios and split.

    Raises:
        GaugeblockError: the template rewrites messages, or treats two trials differently.
    """
    maker = _Maker(question, tokenizer, rendering, reply, seed)
    plain = maker.statements("home", "train", ROWS, {})
    labels, groups = [s.label for s in plain], [s.group for s in plain]
    train, home = grouped_halves(labels, groups, 1 - HELD_OUT, seed)
    fitted = {groups[i] for i in train}
    others = [*maker.statements("held-out wording", "held_out", AWAY_ROWS, {"wording": "held out"})]
    for factor, levels in question.pack.file.factors.items():
        for level in levels.levels:
            if factor in question.fixed and level != question.fixed[factor]:
                others += maker.statements(
                    f"{factor} {level}", "train", AWAY_ROWS, {factor: level}, {factor: level}
                )
    shipped = load_concept("truth", seed)
    concept = Concept(
        name=f"{question.pack.id}:{question.factor}={question.positive}",
        question=f"Is {question.factor} {question.positive}, not {question.negative}?",
        train=tuple(plain[i] for i in train),
        home=tuple(plain[i] for i in home),
        away=tuple(s for s in others if s.group not in fitted),
        controls=tuple(s for level in question.lookalikes for s in maker.lookalikes(level)),
        answers=Answers(prompt="{text}", positive=answers[0], negative=answers[1]),
        neutral=shipped.neutral,
        warnings=maker.warnings,
    )
    return concept, maker.frame


class _Maker:
    def __init__(
        self, question: Question, tokenizer: Any, rendering: Rendering, reply: str, seed: int
    ) -> None:
        self._question, self._tokenizer = question, tokenizer
        self._rendering, self._reply, self._seed = rendering, reply, seed
        self._frames: set[Frame] = set()
        self._by_cue = len(self._pairs("train")) >= FEWEST_PAIRS

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the certificate must know of the split."""
        if self._by_cue:
            return ()
        count = len(self._pairs("train"))
        told = f"its {count} pairs of cues stand" if count else "its words stand"
        return (f"split by domain of work: {told} on both sides of the split",)

    @property
    def frame(self) -> Frame:
        """What every prompt has around it."""
        if len(self._frames) != 1:
            raise GaugeblockError(
                "it puts different words around different conversations", where="chat template"
            )
        return next(iter(self._frames))

    def statements(
        self,
        kind: str,
        split: Split,
        rows: int,
        cell: dict[str, str],
        levels: Mapping[str, str] | None = None,
    ) -> list[Statement]:
        """Return both sides of ``rows`` scenarios."""
        asked = self._question
        draw = random.Random(derive_seed("trials-concept", asked.pack.id, kind, self._seed))
        pairs = self._pairs(split)
        out = []
        for row in range(rows):
            one = random_scenario(asked.pack, draw, split)
            pair = pairs[row % len(pairs)] if pairs else None
            base = {**asked.pack.random_levels(draw), **asked.fixed, **(levels or {})}
            for level, label in ((asked.positive, 1), (asked.negative, 0)):
                trial = self._trial(one, {**base, asked.factor: level}, split, pair)
                group = f"cue {split} {row % len(pairs)}" if self._by_cue else one.domain
                out.append(Statement(text=self._text(trial), label=label, group=group, cell=cell))
        return out

    def lookalikes(self, level: str) -> list[Statement]:
        """Return prompts at a level that only looks like the positive one; none was fitted on."""
        asked = self._question
        draw = random.Random(derive_seed("trials-concept", asked.pack.id, level, self._seed))
        out = []
        for _ in range(AWAY_ROWS):
            one = random_scenario(asked.pack, draw, "train")
            levels = {**asked.pack.random_levels(draw), **asked.fixed, asked.factor: level}
            text = self._text(self._trial(one, levels, "train", None))
            out.append(Statement(text=text, label=0, group=one.id, control=level))
        return out

    def _pairs(self, split: Split) -> list[dict[str, Any]]:
        """The cues of the two levels, the n-th of one with the n-th of the other."""
        asked = self._question
        by_level = asked.pack.cues.get(asked.factor)
        if by_level is None:
            return []
        sides = [
            [cue for cue in by_level[level] if cue[3] == split]
            for level in (asked.positive, asked.negative)
        ]
        count = min((len(side) for side in sides if side), default=0)
        return [
            {
                level: (side[place],) if side else ()
                for level, side in zip((asked.positive, asked.negative), sides, strict=True)
            }
            for place in range(count)
        ]

    def _trial(
        self,
        one: BehaviourScenario,
        levels: dict[str, str],
        split: Split,
        pair: dict[str, Any] | None,
    ) -> Trial:
        pack = self._question.pack
        if pair is not None:
            cues = {**pack.cues, self._question.factor: pair}
            pack = pack.model_copy(update={"cues": cues})
        return render_trial(pack, one, levels, self._rendering, split)

    def _text(self, trial: Trial) -> str:
        messages = [
            {"role": role, "content": text}
            for role, text in (("system", trial.system), ("user", trial.turns[0]))
            if text
        ]
        tools = [
            canonical_tool(one["name"], one["description"], one["parameters"])
            for one in (tool["function"] for tool in tool_schemas(trial.tools))
        ]
        text, frame = chat_text(self._tokenizer, messages, tools, self._reply)
        self._frames.add(frame)
        return text


def _check(pack: BehaviourPack, factor: str, level: str) -> None:
    known = pack.file.factors
    if factor not in known:
        raise GaugeblockError(
            f"the pack {pack.id} has no factor '{factor}'",
            where="concept",
            remedy=f"One of {', '.join(known)}",
        )
    levels: Sequence[str] = known[factor].levels
    if level not in levels:
        raise GaugeblockError(
            f"{factor} has no level '{level}'",
            where="concept",
            remedy=f"One of {', '.join(levels)}",
        )


def named_levels(pairs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield factor and level of FACTOR=LEVEL.

    Raises:
        GaugeblockError: one is not of that form.
    """
    for pair in pairs:
        factor, equals, level = pair.partition("=")
        if not equals or not level:
            raise GaugeblockError(f"'{pair}' is not FACTOR=LEVEL", where="fix")
        yield factor, level
