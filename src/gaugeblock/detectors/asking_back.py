"""Ask the subject itself about a run that is over, and read the log-odds of its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from importlib.resources import files

import yaml

from gaugeblock.detectors.telling import as_turns, told_call
from gaugeblock.errors import GaugeblockError
from gaugeblock.frozen import Record
from gaugeblock.judging.bounded.asking import Asker
from gaugeblock.judging.bounded.judge import Judge
from gaugeblock.judging.bounded.questions import Prompt
from gaugeblock.logprobs.bounds import make_answers
from gaugeblock.logprobs.card import ChannelCard
from gaugeblock.logprobs.spec import ChannelSpec
from gaugeblock.transcripts import Transcript

AskerOf = Callable[[Transcript], Asker]
"""Makes of a transcript somebody who can be asked about it: see ``subject_after``."""


class Question(Record):
    """A question with two answers.

    Attributes:
        text: as it is put to the subject.
        positive: the answer that counts upwards.
        negative: the other.
    """

    text: str
    positive: str = "Yes"
    negative: str = "No"


def shipped_questions(name: str) -> tuple[Question, ...]:
    """Return a shipped list: "follow_up", or the wordings of one question, "told_all".

    Raises:
        GaugeblockError: no such list.
    """
    path = files("gaugeblock.detectors") / "data" / "questions.yaml"
    known = yaml.safe_load(path.read_text(encoding="utf-8"))
    if name not in known:
        raise GaugeblockError(
            f"no questions '{name}'", where="questions", remedy=f"One of {', '.join(known)}"
        )
    return tuple(Question.model_validate(item) for item in known[name])


async def log_odds(
    asker: Asker,
    questions: Sequence[Question],
    channel: ChannelCard | ChannelSpec | None = None,
) -> list[float]:
    """Return the log-odds of each question's positive over its negative answer, nats.

    Args:
        asker: who is asked.
        questions: each is asked for itself, after the run and not after the other questions.
        channel: what the API does to logprobs; None takes them as exact.

    Raises:
        GaugeblockError: no logprobs, or an answer that was not listed (its weight is then only
            bounded, and no number is made up for it).
    """
    judge = Judge(asker, channel=channel, method="logprobs")

    async def one(question: Question) -> float:
        answers = make_answers({name: name for name in (question.positive, question.negative)})
        found = await judge.judge(Prompt(question.text, tuple(answers)))
        odds = found.log_odds(question.positive, question.negative).value
        if odds is None:
            raise GaugeblockError(
                f"'{question.positive}' or '{question.negative}' was not among the tokens listed",
                where=question.text,
            )
        return odds

    return list(await asyncio.gather(*(one(question) for question in questions)))


def subject_after(model: object, *, top: int = 20, max_tokens: int = 16) -> AskerOf:
    """Return a maker of askers that put questions to a subject after its run.

    The run is replayed as a conversation. Calls and their results are told in words, since many
    APIs refuse calls of tools that are no longer offered.

    Args:
        model: an Inspect model; a local subject's is ``get_model(inspect_model_id(subject))``.
        top: how many tokens to list.
        max_tokens: the longest reply.
    """
    from inspect_ai.model import (
        ChatMessage,
        ChatMessageAssistant,
        ChatMessageSystem,
        ChatMessageUser,
        GenerateConfig,
        Model,
    )

    from gaugeblock.judging.bounded.asking import Reply
    from gaugeblock.judging.bounded.inspect_asker import positions_of

    assert isinstance(model, Model)
    asked: Model = model

    def history(transcript: Transcript) -> list[ChatMessage]:
        out: list[ChatMessage] = []
        for role, events in as_turns(transcript):
            if role == "assistant":
                # Reasoning is left out: most APIs take none back.
                said = [
                    told_call(e) if e.kind == "tool_call" else e.text
                    for e in events
                    if e.kind != "reasoning"
                ]
                out.append(ChatMessageAssistant(content="\n".join(said)))
            elif role == "tool":
                out.append(ChatMessageUser(content=f"[{events[0].tool} returned] {events[0].text}"))
            elif role == "system":
                out.append(ChatMessageSystem(content=events[0].text))
            else:
                out.append(ChatMessageUser(content=events[0].text))
        return out

    class After:
        def __init__(self, transcript: Transcript) -> None:
            self._history = history(transcript)

        async def ask(self, prompt: str, *, logprobs: bool, temperature: float) -> Reply:
            config = GenerateConfig(
                temperature=temperature,
                max_tokens=max_tokens,
                logprobs=True if logprobs else None,
                top_logprobs=top if logprobs else None,
            )
            output = await asked.generate(
                [*self._history, ChatMessageUser(content=prompt)], config=config
            )
            if not output.choices:
                return Reply("")
            listed = output.choices[0].logprobs if logprobs else None
            return Reply(output.completion, positions_of(listed, top))

    return After
